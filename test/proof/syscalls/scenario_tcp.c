/* SPDX-License-Identifier: MIT */
/*
 * Connections whose two ends are on the loop and belong to avow. libuv accepts.
 * An end that fails is closed, so that the other end completes too.
 */
#include "scenario_tcp.h"

enum {
  MESSAGE = TCP_MESSAGE,
  MESSAGES = 3,
  PARTS = 4,
  FLOOD = TCP_FLOOD,
  PART = FLOOD / PARTS,
  LITTLE = 64 * 1024 /* buffer of a socket */
};

static const char farewell[] = "farewell";

static struct {
  uv_tcp_t listener, client, server;
  bool has_server;
  avow_deferred_t *accepted;
  avow_cb serve, talk;
  size_t echoed;       /* bytes of the current message */
  int messages;        /* number of complete echoes */
  bool heard_farewell; /* and the end of input */
  avow_value_t flood;  /* the received data */
} now;

static char message[FLOOD];

uv_stream_t *tcp_client(void) {
  return (uv_stream_t *) &now.client;
}

uv_stream_t *tcp_server(void) {
  return (uv_stream_t *) &now.server;
}

/* The message is filled once, because thousands of runs send it. */
static void fill_message(void) {
  uint32_t x = 1;
  if (message[0] != 0)
    return;
  for (size_t i = 0; i < FLOOD; i++) {
    x = x * 1664525U + 1013904223U;
    message[i] = (char) (x >> 24);
  }
}

/* Accepting. */

static void stop_listening(avow_value_t v) {
  if (uv_is_closing((uv_handle_t *) &now.listener))
    return;
  avow_unref(avow_close_handle((uv_handle_t *) &now.listener));
  (void) avow_resolve(now.accepted, v); /* it is never canceled */
}

static int accept_server(void) {
  const int err = uv_tcp_init(loop, &now.server);
  if (err != 0)
    return err;
  now.has_server = true;
  (void) uv_tcp_nodelay(&now.server, 1); /* only for speed */
  return uv_accept((uv_stream_t *) &now.listener, tcp_server());
}

static void on_connection(uv_stream_t *listener, int status) {
  const int err = status < 0 ? status : accept_server();
  stop_listening(err < 0 ? avow_error(err) : avow_none());
}

static int listen_on_loopback(struct sockaddr_in *address) {
  int len = sizeof(*address);
  (void) uv_ip4_addr("127.0.0.1", 0, address); /* the address is valid */
  int err = uv_tcp_bind(&now.listener, (struct sockaddr *) address, 0);
  if (err == 0)
    err = uv_listen((uv_stream_t *) &now.listener, 1, on_connection);
  if (err == 0)
    err = uv_tcp_getsockname(&now.listener, (struct sockaddr *) address, &len);
  return err;
}

/* Both ends. */

static avow_value_t close_server(void *data) {
  if (!now.has_server)
    return avow_none();
  return avow_follow(avow_close_handle((uv_handle_t *) &now.server));
}

static avow_value_t close_client(void *data) {
  stop_listening(avow_error(UV_ECANCELED));
  return avow_follow(avow_close_handle((uv_handle_t *) &now.client));
}

static avow_promise_t *serving(void) {
  avow_promise_t *p = avow_promise_new(loop, &now.accepted);
  p = avow_then(p, now.serve, NULL, NULL);
  return avow_finally(p, close_server, NULL);
}

static avow_promise_t *talking(const struct sockaddr_in *address) {
  avow_promise_t *p =
      avow_tcp_connect(&now.client, (const struct sockaddr *) address);
  p = avow_then(p, now.talk, NULL, NULL);
  return avow_finally(p, close_client, NULL);
}

static int open_client(void) {
  const int err = uv_tcp_init(loop, &now.client);
  return err == 0 ? uv_tcp_nodelay(&now.client, 1) : err;
}

avow_promise_t *tcp_start(avow_cb serve, avow_cb talk) {
  struct sockaddr_in address;
  fill_message();
  memset(&now, 0, sizeof(now));
  now.serve = serve;
  now.talk = talk;
  int err = uv_tcp_init(loop, &now.listener);
  if (err != 0)
    return avow_promise_reject(loop, avow_error(err));
  err = listen_on_loopback(&address);
  if (err == 0)
    err = open_client();
  if (err != 0) {
    avow_promise_t *p = avow_close_handle((uv_handle_t *) &now.listener);
    avow_promise_t *failed = avow_promise_reject(loop, avow_error(err));
    return avow_all(loop, (avow_promise_t *[]){ p, failed }, 2);
  }
  avow_promise_t *ends[] = { serving(), talking(&address) };
  avow_promise_t *p = avow_all_settled(loop, ends, 2);
  return avow_then(p, scenario_outcome, NULL, NULL);
}

/* Echoing. */

static avow_value_t go_on(const avow_value_t *arg, void *data) {
  return avow_none(); /* repeat */
}

static avow_value_t echo(const avow_value_t *chunk, void *data) {
  if (avow_is_none(chunk))
    return avow_int(0); /* ends avow_repeat() */
  avow_promise_t *p =
      avow_write(avow_uv_stream(tcp_server()), avow_value_ref(chunk));
  return avow_follow(avow_then(p, go_on, NULL, NULL));
}

static avow_value_t echo_step(void *data) {
  return avow_follow(
      avow_then(avow_read(avow_uv_stream(tcp_server()), MESSAGE / 4), echo,
                NULL, NULL));
}

static avow_value_t end_server(const avow_value_t *written, void *data) {
  return avow_follow(avow_shutdown(avow_uv_stream(tcp_server())));
}

static avow_value_t say_farewell(const avow_value_t *arg, void *data) {
  avow_promise_t *p =
      avow_write(avow_uv_stream(tcp_server()), avow_string(farewell));
  return avow_follow(avow_then(p, end_server, NULL, NULL));
}

static avow_value_t serve_echo(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_repeat(loop, echo_step, NULL);
  return avow_follow(avow_then(p, say_farewell, NULL, NULL));
}

/* Waiting for an echo ends after the bytes of its message. */
static avow_value_t compare_echo(const avow_value_t *chunk, void *data) {
  if (avow_is_none(chunk))
    return avow_error(UV_EOF);
  size_t len;
  const char *bytes = avow_to_bytes(chunk, &len);
  if (len > MESSAGE - now.echoed ||
      memcmp(bytes, message + now.echoed, len) != 0)
    return avow_error(UV_EPROTO);
  now.echoed += len;
  return now.echoed == MESSAGE ? avow_int(MESSAGE) : avow_none();
}

static avow_value_t hear_echo(void *data) {
  return avow_follow(avow_then(avow_read(avow_uv_stream(tcp_client()), MESSAGE),
                               compare_echo, NULL, NULL));
}

static avow_value_t wait_for_echo(const avow_value_t *written, void *data) {
  now.echoed = 0;
  return avow_follow(avow_repeat(loop, hear_echo, NULL));
}

static avow_value_t count_message(const avow_value_t *arg, void *data) {
  return ++now.messages < MESSAGES ? avow_none() : avow_int(MESSAGES);
}

static avow_value_t exchange(void *data) {
  avow_promise_t *p =
      avow_write(avow_uv_stream(tcp_client()), avow_bytes(message, MESSAGE));
  p = avow_then(p, wait_for_echo, NULL, NULL);
  return avow_follow(avow_then(p, count_message, NULL, NULL));
}

static avow_value_t compare_farewell(const avow_value_t *bytes, void *data) {
  size_t len;
  const char *text = avow_to_bytes(bytes, &len);
  now.heard_farewell =
      len == sizeof(farewell) - 1 && memcmp(text, farewell, len) == 0;
  return avow_none();
}

static avow_value_t hear_farewell(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_read_all(avow_uv_stream(tcp_client()), MESSAGE);
  return avow_follow(avow_then(p, compare_farewell, NULL, NULL));
}

static avow_value_t end_client(const avow_value_t *arg, void *data) {
  return avow_follow(avow_shutdown(avow_uv_stream(tcp_client())));
}

avow_promise_t *tcp_exchange(void) {
  avow_promise_t *p = avow_repeat(loop, exchange, NULL);
  return avow_then(p, end_client, NULL, NULL);
}

bool tcp_is_exchanged(void) {
  return now.messages == MESSAGES;
}

static avow_value_t talk_to_echo(const avow_value_t *arg, void *data) {
  return avow_follow(avow_then(tcp_exchange(), hear_farewell, NULL, NULL));
}

static avow_promise_t *start_echoing(void) {
  return tcp_start(serve_echo, talk_to_echo);
}

static bool is_echoed(void) {
  return tcp_is_exchanged() && now.heard_farewell;
}

const scenario_t echoing = { .name = "echoing",
                             .start = start_echoing,
                             .is_intact = is_echoed,
                             .calls = TCP_CALLS,
                             .optional = BIT(CALL_CLOSE_SOCKET) };

/* Flooding. */

avow_value_t tcp_keep_flood(const avow_value_t *bytes, void *data) {
  now.flood = avow_value_ref(bytes);
  return avow_none();
}

static avow_value_t serve_flood(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_read_all(avow_uv_stream(tcp_server()), FLOOD);
  return avow_follow(avow_then(p, tcp_keep_flood, NULL, NULL));
}

static avow_value_t check_end(const avow_value_t *chunk, void *data) {
  return avow_is_none(chunk) ? avow_none() : avow_error(UV_EPROTO);
}

avow_promise_t *tcp_flood(void) {
  int little = LITTLE;
  (void) uv_send_buffer_size((uv_handle_t *) tcp_client(),
                             &little); /* may fail */
  avow_promise_t *ps[PARTS];
  for (int i = 0; i < PARTS; i++)
    ps[i] = avow_write(avow_uv_stream(tcp_client()),
                       avow_bytes(message + (size_t) i * PART, PART));
  return avow_then(avow_all(loop, ps, PARTS), end_client, NULL, NULL);
}

/* Each side closes after the other has read all data. Therefore the flood also
   waits for a read. */
static avow_value_t flood(const avow_value_t *arg, void *data) {
  avow_promise_t *sent = tcp_flood();
  avow_promise_t *ended = avow_read(avow_uv_stream(tcp_client()), MESSAGE);
  ended = avow_then(ended, check_end, NULL, NULL);
  return avow_follow(avow_all(loop, (avow_promise_t *[]){ sent, ended }, 2));
}

static avow_promise_t *start_flooding(void) {
  return tcp_start(serve_flood, flood);
}

bool tcp_is_flooded(void) {
  size_t len = 0;
  const char *bytes =
      now.flood.tag == AVOW_BYTES ? avow_to_bytes(&now.flood, &len) : NULL;
  const bool same = len == FLOOD && memcmp(bytes, message, FLOOD) == 0;
  avow_value_unref(now.flood);
  now.flood = avow_none();
  return same;
}

const scenario_t flooding = { .name = "flooding",
                              .start = start_flooding,
                              .is_intact = tcp_is_flooded,
                              .calls = TCP_CALLS,
                              .optional = BIT(CALL_CLOSE_SOCKET) };
