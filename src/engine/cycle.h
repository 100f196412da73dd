/* SPDX-License-Identifier: MIT */
/* Promises that wait for each other. */
#ifndef AVOW_CYCLE_H
#define AVOW_CYCLE_H

#include "engine/promise.h"

/* The pending promise that p waits for, or the first of several; NULL if p
   waits for none, or no longer waits. */
avow_promise_t *avow__cycle_next(avow_promise_t *p);

#if AVOW__DEBUG
/* The number of inputs of p that have not reported; 0 if p has no inputs. */
size_t avow__cycle_inputs(avow_promise_t *p);

/* The number of promises from p on, each of which waits for the next one.
   Stores the last one in `*last`. If this waits for one of the others, they are
   a cycle. No shield may delay the close. */
size_t avow__cycle_length(avow_promise_t *p, avow_promise_t **last);
#endif

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
