/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Asks a service each minute whether it is well. Settles when it is not: with
   the error of three attempts in a row, each of ten seconds at most. seed: of
   the pauses between these, for tests; or 0. */
avow_promise_t *watch_service(uv_loop_t *loop, avow_fn ask, void *service,
                              uint64_t seed);
