/* SPDX-License-Identifier: MIT */
/* A second loop with a pending promise. */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#include "harness.h"

/* Starts the loop. The caller owns the promise. */
avow_promise_t *promise_on_second_loop(void);

/* Returns the second loop, so that tests can create other objects on it. */
uv_loop_t *second_loop(void);

/* Resolves the promise and ends the loop. */
void close_second_loop(void);

#endif
