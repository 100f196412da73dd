/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Checks a service once a minute by calling ask(). If three attempts in a row
   fail, rejects with the error of the third. An attempt takes at most ten
   seconds. seed makes the pauses between attempts repeatable; 0 is random. */
avow_promise_t *watch_service(uv_loop_t *loop, avow_fn ask, void *service,
                              uint64_t seed);
