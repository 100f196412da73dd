/* SPDX-License-Identifier: MIT */
/*
 * What is true of functions that await, with stacks of their own and without.
 * Those that are cancelled here note what they got, await something that is
 * shielded, and note that.
 */
#ifndef AWAITING_H
#define AWAITING_H

#include "harness.h"

/* Takes p, which awaits d's promise; d says "stop" when that is cancelled. */
void assert_cancel_reaches(avow_promise_t *p, avow_deferred_t *d);

/* Takes p, which awaits d's promise, and that, which it shares. */
void assert_cancel_leaves(avow_promise_t *p, avow_promise_t *shared,
                          avow_deferred_t *d);

/* The loop, as text. */
void dump_loop(char *text, size_t size);

#endif
