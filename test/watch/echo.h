/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Writes each line that the guest sends back to it, without the newline.
   Fulfills with the number of lines when the guest has ended its stream.
   Rejects with UV_ETIMEDOUT if no line arrives for 30 seconds. */
avow_promise_t *echo_lines(uv_loop_t *loop, avow_stream_t guest);
