/* SPDX-License-Identifier: MIT */
/*
 * Connecting to two addresses: if one fails, the other is used. The server
 * greets each client. An end that completes or fails closes the server, so that
 * the other end completes too.
 */
#include "uv/happy_eyeballs.h"

#include "scenario.h"

enum { LONG = 60 * 1000 };

static const char greeting[] = "hello";

static struct {
  avow_value_t server;
  avow_channel_t *channel;
  struct sockaddr_in address;
  struct addrinfo list[2];
  bool greeted;
} now;

static avow_value_t close_server(void *data) {
  const avow_value_t server = now.server;
  avow_channel_t *channel = now.channel;
  now.server = avow_none();
  now.channel = NULL;
  avow_value_unref(server);
  if (channel != NULL)
    avow_channel_unref(channel);
  return avow_none();
}

/* Releases a stream when its promise settles. */
static void release_stream(void *block) {
  avow_value_unref(*(avow_value_t *) block);
  free(block);
}

static avow_promise_t *keep(avow_promise_t *p, const avow_value_t *stream) {
  avow_value_t *kept = malloc(sizeof(*kept));
  assert_non_null(kept);
  *kept = avow_value_ref(stream);
  return avow_attach(p, kept, release_stream);
}

static avow_value_t end_greeting(const avow_value_t *written, void *data) {
  return avow_follow(avow_shutdown(avow_uv_stream(data)));
}

static avow_value_t greet(const avow_value_t *connection, void *data) {
  if (avow_is_none(connection))
    return avow_none(); /* the server is closed */
  const avow_stream_t stream = avow_to_stream(connection);
  avow_promise_t *p = avow_write(stream, avow_string(greeting));
  p = avow_then(p, end_greeting, NULL, avow_stream_handle(stream));
  return avow_follow(keep(p, connection));
}

static avow_value_t compare(const avow_value_t *bytes, void *data) {
  size_t len;
  const char *text = avow_to_bytes(bytes, &len);
  now.greeted = len == sizeof(greeting) - 1 && memcmp(text, greeting, len) == 0;
  return now.greeted ? avow_none() : avow_error(UV_EOF);
}

static avow_value_t hear(const avow_value_t *connection, void *data) {
  avow_promise_t *p = avow_read_all(avow_to_stream(connection), 100);
  return avow_follow(keep(avow_then(p, compare, NULL, NULL), connection));
}

static avow_promise_t *connect_to_either(void) {
  int len = sizeof(now.address);
  struct sockaddr *address = (struct sockaddr *) &now.address;
  (void) uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                avow_to_stream(&now.server)),
                            address, &len); /* it was bound */
  for (int i = 0; i < 2; i++)
    now.list[i] = (struct addrinfo){ .ai_family = AF_INET,
                                     .ai_addr = address,
                                     .ai_addrlen = sizeof(now.address),
                                     .ai_next = i == 0 ? &now.list[1] : NULL };
  return avow__connect_any(loop, now.list, avow_none(), LONG);
}

static avow_value_t serve(const avow_value_t *server, void *data) {
  now.server = avow_value_ref(server);
  now.channel =
      avow_connections(avow_stream_handle(avow_to_stream(server)), NULL);
  avow_promise_t *ps[] = {
    avow_then(avow_channel_next(now.channel), greet, NULL, NULL),
    avow_then(connect_to_either(), hear, NULL, NULL),
  };
  for (int i = 0; i < 2; i++)
    ps[i] = avow_finally(ps[i], close_server, NULL);
  return avow_follow(
      avow_then(avow_all_settled(loop, ps, 2), scenario_outcome, NULL, NULL));
}

static avow_promise_t *start(void) {
  now.server = avow_none();
  now.channel = NULL;
  now.greeted = false;
  return avow_then(avow_bind(loop, "127.0.0.1", "0"), serve, NULL, NULL);
}

static bool is_greeted(void) {
  return now.greeted;
}

const scenario_t connecting = {
  .name = "connecting to one of two",
  .start = start,
  .is_intact = is_greeted,
  .calls = BIT(CALL_SOCKET) | BIT(CALL_CONNECT) | BIT(CALL_CONNECTED) |
           BIT(CALL_ACCEPT) | BIT(CALL_RECEIVE) | BIT(CALL_SEND) |
           BIT(CALL_SHUTDOWN) | BIT(CALL_CLOSE_SOCKET) | BIT(CALL_LOOKUP),
  .optional = BIT(CALL_SOCKET) | BIT(CALL_CONNECT) | BIT(CALL_CONNECTED) |
              BIT(CALL_ACCEPT) | /* accept() is called once more often */
              BIT(CALL_CLOSE_SOCKET)
};
