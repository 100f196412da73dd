/* SPDX-License-Identifier: MIT */
/* Programs of avow's tools, each an async function, which look at what these
   promise: so many permits and no more, so many tokens in a time, one run for
   all who ask, no item lost. What is checked holds also where functions are
   cancelled and memory is not there; but with these a house may be empty. */
#ifndef HOUSES_H
#define HOUSES_H

#include "avow/all.h"

/* How many live in each. */
enum { CALLERS = 5, TIMES = 4 };

avow_value_t live_with_limiter(void *loop);
avow_value_t live_with_rate(void *loop);
avow_value_t live_with_retries(void *loop);
avow_value_t live_with_cache(void *loop);
avow_value_t live_in_groups(void *loop);
avow_value_t live_with_channels(void *loop);
avow_value_t live_with_select(void *loop);
avow_value_t live_by_ticks(void *loop);
avow_value_t live_debounced(void *loop);
avow_value_t live_with_threads_sender(void *loop);
avow_value_t live_with_senders(void *loop);
avow_value_t live_with_broadcast(void *loop);
avow_value_t live_with_watch(void *loop);
avow_value_t live_with_stages(void *loop);
avow_value_t live_with_locals(void *loop);

/* So many callers, until all have ended, or this was cancelled: then some may
   go on for a while. LIST: how each did. */
avow_value_t call_all(uv_loop_t *loop, avow_fn caller, void *data);

/* 0 to n - 1. */
size_t some(size_t n);

/* 0 to 19 ms. */
avow_value_t sleep_a_little(uv_loop_t *loop);

#endif
