/* SPDX-License-Identifier: MIT */
/*
 * A pump at the server from a connection to the same connection. The client
 * receives its own data and its own end of input.
 */
#include "scenario_tcp.h"

static bool heard_end;

static avow_value_t serve_pump(const avow_value_t *arg, void *data) {
  return avow_follow(avow_pump(avow_uv_stream(tcp_server()),
                               avow_uv_stream(tcp_server()), NULL));
}

static avow_value_t note_end(const avow_value_t *bytes, void *data) {
  size_t len;
  (void) avow_to_bytes(bytes, &len);
  heard_end = len == 0;
  return avow_none();
}

static avow_value_t hear_end(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_read_all(avow_uv_stream(tcp_client()), TCP_MESSAGE);
  return avow_follow(avow_then(p, note_end, NULL, NULL));
}

static avow_value_t talk(const avow_value_t *arg, void *data) {
  return avow_follow(avow_then(tcp_exchange(), hear_end, NULL, NULL));
}

static avow_promise_t *start_pumping(void) {
  heard_end = false;
  return tcp_start(serve_pump, talk);
}

static bool is_pumped(void) {
  return tcp_is_exchanged() && heard_end;
}

const scenario_t pumping = { .name = "pumping",
                             .start = start_pumping,
                             .is_intact = is_pumped,
                             .calls = TCP_CALLS,
                             .optional = BIT(CALL_CLOSE_SOCKET) };

/* The sockets are full in both directions, so the pump must wait to write. */
static avow_value_t flood(const avow_value_t *arg, void *data) {
  avow_promise_t *read = avow_read_all(avow_uv_stream(tcp_client()), TCP_FLOOD);
  read = avow_then(read, tcp_keep_flood, NULL, NULL);
  avow_promise_t *ps[] = { tcp_flood(), read };
  return avow_follow(avow_all(loop, ps, 2));
}

static avow_promise_t *start_flooding(void) {
  return tcp_start(serve_pump, flood);
}

const scenario_t pump_flooding = { .name = "flooding a pump",
                                   .start = start_flooding,
                                   .is_intact = tcp_is_flooded,
                                   .calls = TCP_CALLS,
                                   .optional = BIT(CALL_CLOSE_SOCKET) };
