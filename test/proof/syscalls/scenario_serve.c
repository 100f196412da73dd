/* SPDX-License-Identifier: MIT */
/*
 * Servers of avow: one on a loop of its own, and one whose connections arrive
 * on a channel. Each greets a client, which ends the server.
 */
#include <stdio.h>

#include "scenario.h"

static const char greeting[] = "hello";

static struct {
  avow_loops_t *loops;
  avow_channel_t *channel;
  avow_value_t server, client, accepted;
  bool greeted;
  bool has_failed; /* accepting failed with a report */
} now;

static void drop(avow_value_t *v) {
  const avow_value_t gone = *v;
  *v = avow_none();
  avow_value_unref(gone);
}

/* The client. */

static avow_value_t note_greeting(const avow_value_t *bytes, void *data) {
  now.greeted = strcmp(avow_to_bytes(bytes, NULL), greeting) == 0;
  return avow_none();
}

static avow_value_t hear(const avow_value_t *stream, void *data) {
  now.client = avow_value_ref(stream);
  avow_promise_t *p = avow_read_all(avow_to_stream(stream), sizeof(greeting));
  return avow_follow(avow_then(p, note_greeting, NULL, NULL));
}

static avow_value_t close_server(void *data) {
  drop(&now.client);
  return avow_follow(avow_close(avow_to_stream(&now.server)));
}

static avow_promise_t *visit(void) {
  struct sockaddr_in address;
  int len = sizeof(address);
  char port[8];
  (void) uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                avow_to_stream(&now.server)),
                            (struct sockaddr *) &address, &len); /* bound */
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  avow_promise_t *p = avow_connect(loop, "127.0.0.1", port);
  return avow_finally(avow_then(p, hear, NULL, NULL), close_server, NULL);
}

/* Both sides. */

static avow_value_t both(avow_promise_t *served) {
  avow_promise_t *ends[] = { served, visit() };
  avow_promise_t *p = avow_all_settled(loop, ends, 2);
  return avow_follow(avow_then(p, scenario_outcome, NULL, NULL));
}

static avow_value_t end_fn(void *data) {
  drop(&now.server);
  drop(&now.accepted);
  if (now.channel != NULL)
    avow_channel_unref(now.channel);
  return avow_none();
}

static avow_promise_t *start(avow_cb serve) {
  memset(&now, 0, sizeof(now));
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "0");
  return avow_finally(avow_then(p, serve, NULL, NULL), end_fn, NULL);
}

static avow_value_t greet(const avow_value_t *connection, void *data) {
  return avow_follow(
      avow_write(avow_to_stream(connection), avow_string(greeting)));
}

/* Serves on a loop of its own. */

static avow_value_t serve_there(const avow_value_t *server, void *data) {
  now.server = avow_value_ref(server);
  now.loops = avow_loops_new(1);
  avow_promise_t *p =
      avow_loops_listen(now.loops, avow_value_ref(server), greet, NULL, NULL);
  return both(p);
}

static avow_value_t close_loops(void *data) {
  return now.loops == NULL ? avow_none()
                           : avow_follow(avow_loops_close(now.loops, loop));
}

static avow_promise_t *start_serving(void) {
  return avow_finally(start(serve_there), close_loops, NULL);
}

static bool is_greeted(void) {
  return now.greeted;
}

const scenario_t greeting_there = { .name = "greeting on another loop",
                                    .start = start_serving,
                                    .is_intact = is_greeted,
                                    .calls = BIT(CALL_ACCEPT) };

/* The server whose connections arrive on a channel. */

static avow_value_t part(const avow_value_t *written, void *data) {
  drop(&now.accepted);
  return avow_none(); /* receive the next */
}

static avow_value_t welcome(const avow_value_t *connection, void *data) {
  if (avow_is_none(connection)) /* the server is closed */
    return avow_int(0);         /* ends avow_repeat() */
  now.accepted = avow_value_ref(connection);
  const avow_value_t v = greet(connection, NULL);
  return avow_follow(
      avow_then(avow_promise_resolve(loop, v), part, NULL, NULL));
}

static avow_value_t note_failure(const avow_value_t *error, void *data) {
  now.has_failed = avow_error_code(error) == UV_EIO;
  return now.has_failed ? avow_none() : avow_value_ref(error);
}

static avow_value_t serve_next(void *data) {
  return avow_follow(
      avow_then(avow_channel_next(now.channel), welcome, note_failure, NULL));
}

static avow_value_t serve_here(const avow_value_t *server, void *data) {
  now.server = avow_value_ref(server);
  now.channel =
      avow_connections(avow_stream_handle(avow_to_stream(server)), NULL);
  return both(avow_repeat(loop, serve_next, NULL));
}

static avow_promise_t *start_listening(void) {
  return start(serve_here);
}

/* Since 1.45, libuv retries accepting until it succeeds, and does not report
   the failure. */
static bool is_greeted_and_told(void) {
  const bool tells = uv_version() < 0x012d00;
  return now.greeted && now.has_failed == (tells && inject_hit() != 0);
}

const scenario_t greeting_here = { .name = "greeting over a channel",
                                   .start = start_listening,
                                   .is_intact = is_greeted_and_told,
                                   .calls = BIT(CALL_ACCEPT) };
