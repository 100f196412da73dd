/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a connection on one loop. The work of an end begins when it is
 * connected. The end is closed when the work is done.
 */
#ifndef SCENARIO_TCP_H
#define SCENARIO_TCP_H

#include "scenario.h"

enum {
  TCP_MESSAGE = 3000,
  TCP_FLOOD = 800 * 1000, /* more than sockets buffer */
  TCP_CALLS = BIT(CALL_SOCKET) | BIT(CALL_CONNECT) | BIT(CALL_CONNECTED) |
              BIT(CALL_ACCEPT) | BIT(CALL_RECEIVE) | BIT(CALL_SEND) |
              BIT(CALL_SHUTDOWN) | BIT(CALL_CLOSE_SOCKET)
};

avow_promise_t *tcp_start(avow_cb serve, avow_cb talk);
uv_stream_t *tcp_client(void);
uv_stream_t *tcp_server(void);

/* The client receives the echo of some messages and then ends. */
avow_promise_t *tcp_exchange(void);
bool tcp_is_exchanged(void);

/* The client makes all writes at once and then ends. The receiver keeps the
   data for the check. */
avow_promise_t *tcp_flood(void);
avow_value_t tcp_keep_flood(const avow_value_t *bytes, void *data);
bool tcp_is_flooded(void);

#endif
