/* SPDX-License-Identifier: MIT */
/*
 * Assertions that hold for functions that await, with and without a stack. The
 * canceled functions in these tests note their result, await a shielded promise
 * and note its result.
 */
#ifndef AWAITING_H
#define AWAITING_H

#include "harness.h"

/* Takes ownership of `p`, which awaits the promise of `d`. Canceling that
   promise notes "stop". */
void assert_cancel_reaches(avow_promise_t *p, avow_deferred_t *d);

/* Takes ownership of `p`, which awaits the promise of `d`, and of `shared`,
   which `p` shares. */
void assert_cancel_leaves(avow_promise_t *p, avow_promise_t *shared,
                          avow_deferred_t *d);

/* Stores the dump of the loop as text. */
void dump_loop(char *text, size_t size);

#endif
