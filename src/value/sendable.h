/* SPDX-License-Identifier: MIT */
/* Which values may change threads. */
#ifndef AVOW_SENDABLE_H
#define AVOW_SENDABLE_H

#include "value/value.h"

/* There is nothing inside, nor does it end anywhere. */
static inline bool avow__crosses_plainly(avow_value_t v) {
  return v.tag < AVOW_OBJECT || v.tag == AVOW_BYTES;
}

bool avow__crosses_inside(const avow_value_t *v);

/* Whether it and all that is inside belong to no loop. */
static inline bool avow__crosses(avow_value_t v) {
  return avow__crosses_plainly(v) || avow__crosses_inside(&v);
}

/* v itself, if it and all that is inside belong to no loop. If not, v is
   released, and this is the error of that operation that names what stays. */
avow_value_t avow__crossing(const char *name, avow_value_t v);

#endif
