/* SPDX-License-Identifier: MIT */
/* Combinators that are made input by input. */
#ifndef AVOW_COMBINE_PRIVATE_H
#define AVOW_COMBINE_PRIVATE_H

#include "engine/gather.h"

/* A gather that reports the outcome of each input to `observer`, and cancels its
   losers. */
avow_promise_t *avow__gather_observed(avow__context_t *c,
                                      avow__observer_t *observer);

/* What a program adds inputs by: one more reference. */
avow_gather_t *avow__gather_steer(avow_promise_t *gather);

/* Adds an input, and takes ownership of it. */
void avow__gather_add(avow_promise_t *gather, avow_promise_t *p);

/* No more inputs come. */
void avow__gather_end(avow_promise_t *gather);

/* The outcome that v is, an error or a value. It borrows v. */
avow_outcome_t avow__outcome_of(const avow_value_t *v, size_t index);

#endif
