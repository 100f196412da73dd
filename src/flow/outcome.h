/* SPDX-License-Identifier: MIT */
/* How one of several things ended, as a value. */
#ifndef AVOW_OUTCOME_H
#define AVOW_OUTCOME_H

#include "avow/select.h"

/* An outcome that owns its value. */
typedef struct {
  avow_outcome_t outcome; /* first: programs see no more of it */
  avow_value_t value;
} avow__outcome_t;

/* Makes an object of `size` bytes at *out, which begin with an avow__outcome_t
   of NONE. Returns an error if there is no memory. */
avow_value_t avow__outcome_new(size_t size, void **out);

/* Sets the index and the outcome; takes v. */
void avow__outcome_set(avow__outcome_t *outcome, size_t index, avow_value_t v);

#endif
