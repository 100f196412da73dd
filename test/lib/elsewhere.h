/* SPDX-License-Identifier: MIT */
/* A second loop with a promise that is pending there. */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#include "harness.h"

/* Begins the loop; the promise is the caller's. */
avow_promise_t *promise_elsewhere(void);

/* That loop, for what else is to be made there. */
uv_loop_t *loop_elsewhere(void);

/* Resolves the promise, and ends the loop. */
void close_elsewhere(void);

#endif
