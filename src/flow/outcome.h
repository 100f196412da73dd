/* SPDX-License-Identifier: MIT */
/* Outcome of one input of several, as a value. */
#ifndef AVOW_OUTCOME_H
#define AVOW_OUTCOME_H

#include "avow/select.h"

/* Outcome that owns its value. */
typedef struct {
  avow_outcome_t outcome; /* first, because programs see only this */
  avow_value_t value;
} avow__outcome_t;

/* Creates an object of `size` bytes at *out, which begin with an
   avow__outcome_t whose value is NONE. Returns an error if out of memory. */
avow_value_t avow__outcome_new(size_t size, void **out);

/* Sets the index and the outcome. Takes ownership of `v`. */
void avow__outcome_set(avow__outcome_t *outcome, size_t index, avow_value_t v);

#endif
