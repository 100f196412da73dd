/* SPDX-License-Identifier: MIT */
/* A second loop with a pending promise. */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#include "harness.h"

/* Starts the loop. The caller owns the promise. */
avow_promise_t *promise_elsewhere(void);

/* Returns the second loop, so that tests can create other objects on it. */
uv_loop_t *loop_elsewhere(void);

/* Resolves the promise and ends the loop. */
void close_elsewhere(void);

#endif
