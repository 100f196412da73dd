/* SPDX-License-Identifier: MIT */
/* Which values may move to another thread. */
#ifndef AVOW_SENDABLE_H
#define AVOW_SENDABLE_H

#include "value/value.h"

/* Whether a value contains no other values and its release needs no loop. */
static inline bool avow__crosses_plainly(avow_value_t v) {
  return v.tag < AVOW_OBJECT || v.tag == AVOW_BYTES;
}

/* A pointer would make each caller store its value in memory. */
bool avow__crosses_inside(avow_value_t v);

/* Whether neither the value nor any value inside it belongs to a loop. */
static inline bool avow__crosses(avow_value_t v) {
  return avow__crosses_plainly(v) || avow__crosses_inside(v);
}

/* Returns `v` if neither it nor any value inside it belongs to a loop.
   Otherwise releases `v` and returns an error of operation `name` that names
   the value that must stay. */
avow_value_t avow__crossing(const char *name, avow_value_t v);

#endif
