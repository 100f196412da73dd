/* SPDX-License-Identifier: MIT */
/* Promises that wait for each other. */
#ifndef AVOW_CYCLE_H
#define AVOW_CYCLE_H

#include "engine/promise.h"

/* The pending promise that p waits for, the first of several; NULL if p waits
   for none, or for nothing any more. */
avow_promise_t *avow__cycle_next(avow_promise_t *p);

/* What leads on from a promise; NULL from its end. */
typedef avow_promise_t *(*avow__next_fn)(avow_promise_t *p);

/* Calls fn with one promise of each cycle. The queue is empty, and no shield
   holds up the loop's end. fn may settle promises. */
void avow__cycles_each(avow__context_t *c, avow__next_fn next,
                       void (*fn)(avow_promise_t *p, void *data), void *data);

/* Settles a combinator of each cycle that still waits for its losers. */
void avow__cycles_break(avow__context_t *c);

#endif
