/* SPDX-License-Identifier: MIT */
/* How one of several things ended, as a value. */
#ifndef AVOW_OUTCOME_H
#define AVOW_OUTCOME_H

#include "avow/select.h"

/* An object of size bytes at *out, which begin with an avow_outcome_t of NONE;
   an error without memory. */
avow_value_t avow__outcome_new(size_t size, void **out);

/* Says which it is, and how it ended; v is taken. */
void avow__outcome_set(avow_outcome_t *outcome, size_t index, avow_value_t v);

#endif
