/* SPDX-License-Identifier: MIT */
#include <avow/all.h>

/* Adds up the numbers that clients send, one in each line, and answers each
   with the sum so far. Disconnects a client that sends nothing for 30 seconds.
   Settles when the listener is closed and the last client has disconnected.
   Takes ownership of the listener. */
avow_promise_t *tally_serve(uv_loop_t *loop, avow_value_t listener);
