/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Says back each line that a guest says, until it says no more: INT, how many.
   Who says nothing for half a minute is not waited for: UV_ETIMEDOUT. */
avow_promise_t *echo_lines(uv_loop_t *loop, avow_stream_t guest);
