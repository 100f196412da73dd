/* SPDX-License-Identifier: MIT */
/* Combinators whose inputs are added one by one. */
#ifndef AVOW_COMBINE_PRIVATE_H
#define AVOW_COMBINE_PRIVATE_H

#include "engine/gather.h"

/* A gather that reports the outcome of each input to `observer`, and cancels
   its losers. */
avow_promise_t *avow__gather_observed(avow__context_t *c,
                                      avow__observer_t *observer);

/* Makes the handle with which a program adds inputs. It holds a reference. */
avow_gather_t *avow__gather_steer(avow_promise_t *gather);

/* Adds an input, and takes ownership of it. */
#define avow__gather_add(gather, p) avow__gather_add_in(gather, p, AVOW__CALLED)
void avow__gather_add_in(avow_promise_t *gather, avow_promise_t *p,
                         const char *called);

/* Ends the adding of inputs. */
void avow__gather_end(avow_promise_t *gather);

/* The outcome for v, which is an error or a value. Borrows v. */
avow_outcome_t avow__outcome_of(const avow_value_t *v, size_t index);

#endif
