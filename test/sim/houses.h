/* SPDX-License-Identifier: MIT */
/* Programs that use the tools of avow. Each one is an async function that
   checks guarantees: a limiter does not exceed its permits, nor a rate its
   tokens. A cache runs once for all callers of a key, and a channel loses no
   item. The checks hold also if functions are canceled or memory is out, but
   then a program may end early. */
#ifndef HOUSES_H
#define HOUSES_H

#include "avow/all.h"

/* The number of callers in a program, and how often each one acts. */
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

/* Starts CALLERS callers and waits until all have ended. If the caller of this
   function is canceled, some may go on for a while. Returns LIST, their
   outcomes. */
avow_value_t call_all(uv_loop_t *loop, avow_fn caller, void *data);

/* Returns a random number from 0 to n - 1. */
size_t some(size_t n);

/* Sleeps for 0 to 19 ms. */
avow_value_t sleep_a_little(uv_loop_t *loop);

#endif
