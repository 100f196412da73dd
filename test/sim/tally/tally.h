/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Adds up what guests say, a number a line, and tells each the sum so far.
   Settles when the listener is closed and the last guest has gone; who says
   nothing for half a minute has. Takes the listener. */
avow_promise_t *tally_serve(uv_loop_t *loop, avow_value_t listener);
