/* SPDX-License-Identifier: MIT */
/* Promises that wait for each other. */
#ifndef AVOW_CYCLE_H
#define AVOW_CYCLE_H

#include "engine/promise.h"

/* The pending promise that p waits for, or the first of several; NULL if p
   waits for none, or no longer waits. */
avow_promise_t *avow__cycle_next(avow_promise_t *p);

/* Returns the promise after p; NULL at the end. */
typedef avow_promise_t *(*avow__next_fn)(avow_promise_t *p);

/* Calls fn with one promise of each cycle. The queue must be empty, and no
   shield may delay the close. fn may settle promises. */
void avow__cycles_each(avow__context_t *c, avow__next_fn next,
                       void (*fn)(avow_promise_t *p, void *data), void *data);

/* Settles one combinator that still waits for its losers, in each cycle that
   has one. */
void avow__cycles_break(avow__context_t *c);

#endif
