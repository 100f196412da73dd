/* SPDX-License-Identifier: MIT */
/*
 * The server, which echoes all data. It cancels a random half of its
 * connections, either in a handler of the connection or a random time later.
 * All connections end in the same handlers.
 */
#include <unistd.h>

#include "load.h"

enum { CHUNK = 64 * 1024, DELAY = 20, FOREVER = 1000 * 1000 };

typedef enum { TO_THE_END, CANCEL_INSIDE, CANCEL_LATER } fate_t;

typedef struct {
  uv_tcp_t tcp;
  avow_promise_t *chain; /* its promise; cancels all work */
  fate_t fate;
  uint32_t threshold; /* bytes after which it is canceled */
  uint32_t echoed;
  bool condemned; /* its cancellation has begun */
} connection_t;

static struct {
  uv_tcp_t listeners[LISTENERS];
  bool *doomed; /* in the order in which it accepts */
  unsigned accepted;
  uint64_t random;
  report_t report;
} server;

static uv_stream_t *stream_of(connection_t *c) {
  return (uv_stream_t *) &c->tcp;
}

/* Selects half of the connections. Each half has the same probability. */
static void draw_lots(void) {
  const unsigned n = plan.connections;
  server.random = plan.seed;
  server.doomed = room_calloc(n * sizeof(bool));
  unsigned left = n / 2;
  for (unsigned i = 0; i < n; i++) {
    server.doomed[i] = next_random(&server.random) % (n - i) < left;
    left -= server.doomed[i] ? 1 : 0;
  }
}

static void draw_fate(connection_t *c) {
  const uint32_t random = next_random(&server.random);
  if (!server.doomed[server.accepted++])
    return;
  c->fate = random % 2 == 0 ? CANCEL_INSIDE : CANCEL_LATER;
  c->threshold = HELLO + 1 + random / 2 % (MESSAGES * SMALLEST);
}

/* The end of a connection. */

static avow_value_t close_connection(void *data) {
  connection_t *c = data;
  return avow_follow(avow_close_handle((uv_handle_t *) &c->tcp));
}

static void free_connection(connection_t *c) {
  avow_promise_t *chain = c->chain;
  server.report.open--;
  room_free(c);
  avow_unref(chain);
}

static avow_value_t on_complete(const avow_value_t *arg, void *data) {
  connection_t *c = data;
  CHECK(c->fate == TO_THE_END);
  server.report.complete++;
  free_connection(c);
  return avow_none();
}

static avow_value_t on_cut(const avow_value_t *reason, void *data) {
  connection_t *c = data;
  CHECK(avow_error_code(reason) == UV_ECANCELED);
  CHECK(c->fate != TO_THE_END);
  server.report.cut++;
  free_connection(c);
  return avow_none();
}

/* The connection still exists, because on_end() waits for the cancellation. */
static avow_value_t cancel_now(const avow_value_t *arg, void *data) {
  connection_t *c = data;
  avow_cancel(c->chain);
  return avow_none();
}

static void condemn(connection_t *c) {
  if (c->fate == TO_THE_END || c->condemned || c->echoed < c->threshold)
    return;
  c->condemned = true;
  if (c->fate == CANCEL_INSIDE) {
    avow_cancel(c->chain);
    return;
  }
  avow_promise_t *p = avow_sleep(&room, next_random(&server.random) % DELAY);
  avow_unref(avow_then(p, cancel_now, NULL, c));
}

/* The work of a connection. */

static avow_value_t on_echoed(const avow_value_t *written, void *data) {
  server.report.bytes += (uint64_t) avow_to_int(written);
  show_progress(&server.report, false);
  return avow_none(); /* repeats */
}

static avow_value_t on_end(connection_t *c) {
  if (c->fate == TO_THE_END)
    return avow_int(0); /* ends avow_repeat() */
  return avow_follow(avow_sleep(&room, FOREVER));
}

static avow_value_t echo(const avow_value_t *chunk, void *data) {
  connection_t *c = data;
  if (avow_is_none(chunk))
    return on_end(c);
  size_t len;
  (void) avow_to_bytes(chunk, &len);
  c->echoed += (uint32_t) len;
  avow_promise_t *p =
      avow_write(avow_uv_stream(stream_of(c)), avow_value_ref(chunk));
  condemn(c);
  return avow_follow(avow_then(p, on_echoed, NULL, NULL));
}

static avow_value_t step(void *data) {
  connection_t *c = data;
  return avow_follow(
      avow_then(avow_read(avow_uv_stream(stream_of(c)), CHUNK), echo, NULL, c));
}

static void start(connection_t *c) {
  avow_promise_t *p = avow_repeat(&room, step, c);
  p = avow_finally(p, close_connection, c);
  c->chain = avow_then(p, on_complete, on_cut, c);
}

/* Accepting connections. */

static void stop_listening(void) {
  for (int i = 0; i < LISTENERS; i++)
    avow_unref(avow_close_handle((uv_handle_t *) &server.listeners[i]));
}

static void on_connection(uv_stream_t *listener, int status) {
  CHECK(status == 0);
  connection_t *c = room_calloc(sizeof(*c));
  CHECK(uv_tcp_init(&room, &c->tcp) == 0);
  CHECK(uv_accept(listener, stream_of(c)) == 0);
  CHECK(uv_tcp_nodelay(&c->tcp, 1) == 0);
  draw_fate(c);
  start(c);
  room_opened(&server.report);
  if (server.accepted == plan.connections)
    stop_listening();
}

static void listen_at(unsigned i, struct sockaddr_in *out) {
  uv_tcp_t *listener = &server.listeners[i];
  struct sockaddr *address = (struct sockaddr *) out;
  int len = sizeof(*out);
  CHECK(uv_ip4_addr("127.0.0.1", 0, out) == 0);
  out->sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
  CHECK(uv_tcp_init(&room, listener) == 0);
  CHECK(uv_tcp_bind(listener, address, 0) == 0);
  CHECK(uv_listen((uv_stream_t *) listener, BACKLOG, on_connection) == 0);
  CHECK(uv_tcp_getsockname(listener, address, &len) == 0);
}

report_t serve(int out) {
  addresses_t addresses;
  room_open();
  draw_lots();
  for (unsigned i = 0; i < LISTENERS; i++)
    listen_at(i, &addresses[i]);
  CHECK(write(out, addresses, sizeof(addresses)) == sizeof(addresses));
  CHECK(uv_run(&room, UV_RUN_DEFAULT) == 0);
  CHECK(server.report.open == 0);
  CHECK(server.report.peak == plan.connections);
  CHECK(server.report.cut == plan.connections / 2);
  CHECK(server.report.complete + server.report.cut == plan.connections);
  room_free(server.doomed);
  room_close();
  return server.report;
}
