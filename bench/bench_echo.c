/* SPDX-License-Identifier: MIT */
/*
 * The cost of avow's stream functions. A server on the main thread echoes 64
 * bytes over loopback to a client on another thread. The client always uses
 * libuv with callbacks. On each connection it sends, waits for the echo, and
 * sends again.
 *
 * The floors are servers in plain libuv. Each connection has one buffer and one
 * request. They answer with uv_write(), or with uv_try_write() first, or with
 * uv_try_write() after an empty job on the thread pool while they continue to
 * read. Only the server's thread is timed, so that other threads disturb the
 * result little.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 64, ROOM = 4096, MAX = 64 };

static void check(bool ok) {
  bench_require(ok, "an echo");
}

/* The client: its loop and all connections of a turn. */
typedef struct {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_write_t write;
  size_t got; /* bytes of the current echo */
  char buf[SIZE];
} client_t;

static struct {
  uv_loop_t loop;
  uv_thread_t thread;
  client_t clients[MAX];
  struct sockaddr_in address;
  size_t count;     /* connections */
  size_t connected; /* established ones */
  size_t to_send;   /* requests */
} client;

static char request[SIZE] = "echo";

static void on_sent(uv_write_t *write, int status) {
  check(status == 0 || status == UV_ECANCELED);
}

static void send_request(client_t *c) {
  if (client.to_send == 0) {
    uv_close((uv_handle_t *) &c->tcp, NULL);
    return;
  }
  client.to_send--;
  c->got = 0;
  const uv_buf_t buf = uv_buf_init(request, SIZE);
  if (uv_try_write((uv_stream_t *) &c->tcp, &buf, 1) != SIZE)
    check(uv_write(&c->write, (uv_stream_t *) &c->tcp, &buf, 1, on_sent) == 0);
}

static void client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  client_t *c = handle->data;
  *buf = uv_buf_init(c->buf, SIZE);
}

static void client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  client_t *c = stream->data;
  check(n >= 0);
  c->got += (size_t) n;
  if (c->got < SIZE)
    return;
  send_request(c);
}

/* Sending begins when all connections are established. */
static void on_connected(uv_connect_t *connect, int status) {
  check(status == 0);
  if (++client.connected < client.count)
    return;
  for (size_t i = 0; i < client.count; i++) {
    client_t *c = &client.clients[i];
    check(uv_read_start((uv_stream_t *) &c->tcp, client_alloc, client_read) ==
          0);
    send_request(c);
  }
}

static void client_main(void *arg) {
  client.connected = 0;
  check(uv_loop_init(&client.loop) == 0);
  for (size_t i = 0; i < client.count; i++) {
    client_t *c = &client.clients[i];
    check(uv_tcp_init(&client.loop, &c->tcp) == 0);
    c->tcp.data = c;
    check(uv_tcp_nodelay(&c->tcp, 1) == 0);
    check(uv_tcp_connect(&c->connect, &c->tcp,
                         (const struct sockaddr *) &client.address,
                         on_connected) == 0);
  }
  check(uv_run(&client.loop, UV_RUN_DEFAULT) == 0);
  check(uv_loop_close(&client.loop) == 0);
}

/* The servers. */
typedef struct {
  uv_tcp_t tcp;
  uv_write_t write;
  uv_work_t work;
  size_t len; /* bytes in buf */
  char buf[ROOM];
} connection_t;

static uv_tcp_t listener;
static size_t accepted;
static connection_t connections[MAX];
static void (*serve)(connection_t *c);

static void raw_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  connection_t *c = handle->data;
  *buf = uv_buf_init(c->buf, ROOM);
}

static void raw_written(uv_write_t *write, int status) {
  check(status == 0);
}

static void raw_write(connection_t *c, size_t len) {
  const uv_buf_t buf = uv_buf_init(c->buf, (unsigned) len);
  check(uv_write(&c->write, (uv_stream_t *) &c->tcp, &buf, 1, raw_written) ==
        0);
}

static void write_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n < 0)
    uv_close((uv_handle_t *) stream, NULL);
  else if (n > 0)
    raw_write(stream->data, (size_t) n);
}

static void serve_write(connection_t *c) {
  check(uv_read_start((uv_stream_t *) &c->tcp, raw_alloc, write_read) == 0);
}

static void try_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n < 0) {
    uv_close((uv_handle_t *) stream, NULL);
    return;
  }
  const uv_buf_t answer = uv_buf_init(buf->base, (unsigned) n);
  if (n > 0 && uv_try_write(stream, &answer, 1) != n)
    raw_write(stream->data, (size_t) n); /* a write of 64 bytes is never
                                            partial */
}

static void serve_try(connection_t *c) {
  check(uv_read_start((uv_stream_t *) &c->tcp, raw_alloc, try_read) == 0);
}

static void do_nothing(uv_work_t *work) {
}

static void after_work(uv_work_t *work, int status) {
  connection_t *c = work->data;
  const uv_buf_t buf = uv_buf_init(c->buf, (unsigned) c->len);
  check(status == 0);
  if (uv_try_write((uv_stream_t *) &c->tcp, &buf, 1) != (int) c->len)
    raw_write(c, c->len);
}

static void pause_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  connection_t *c = stream->data;
  if (n < 0)
    uv_close((uv_handle_t *) stream, NULL);
  if (n <= 0)
    return;
  c->len = (size_t) n;
  c->work.data = c;
  check(uv_queue_work(bench_loop, &c->work, do_nothing, after_work) == 0);
}

static void serve_pausing(connection_t *c) {
  check(uv_read_start((uv_stream_t *) &c->tcp, raw_alloc, pause_read) == 0);
}

static avow_value_t written(const avow_value_t *len, void *data) {
  return avow_none();
}

/* As avow_repeat() requires: NONE continues, an INT ends. */
static avow_value_t answer(const avow_value_t *bytes, void *data) {
  connection_t *c = data;
  if (avow_is_none(bytes))
    return avow_int(0);
  avow_promise_t *p = avow_write(avow_uv_stream((uv_stream_t *) &c->tcp),
                                 avow_value_ref(bytes));
  return avow_follow(avow_then(p, written, NULL, NULL));
}

static avow_value_t read_and_answer(void *data) {
  connection_t *c = data;
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) &c->tcp), ROOM);
  return avow_follow(avow_then(p, answer, NULL, c));
}

static avow_value_t end_connection(const avow_value_t *outcome, void *data) {
  connection_t *c = data;
  check(!avow_is_error(outcome));
  return avow_follow(avow_close_handle((uv_handle_t *) &c->tcp));
}

static void serve_avow(connection_t *c) {
  avow_promise_t *p = avow_repeat(bench_loop, read_and_answer, c);
  avow_unref(avow_then(p, end_connection, end_connection, c));
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

static avow_value_t answer_late(const avow_value_t *none, void *data) {
  connection_t *c = data;
  avow_promise_t *p = avow_write(avow_uv_stream((uv_stream_t *) &c->tcp),
                                 avow_bytes(c->buf, c->len));
  return avow_follow(avow_then(p, written, NULL, NULL));
}

static avow_value_t pause_first(const avow_value_t *len, void *data) {
  connection_t *c = data;
  c->len = (size_t) avow_to_int(len);
  if (c->len == 0)
    return avow_int(0);
  avow_promise_t *p = avow_work(bench_loop, nothing, NULL, NULL);
  return avow_follow(avow_then(p, answer_late, NULL, c));
}

static avow_value_t read_and_pause(void *data) {
  connection_t *c = data;
  avow_promise_t *p =
      avow_read_into(avow_uv_stream((uv_stream_t *) &c->tcp), c->buf, 1, ROOM);
  return avow_follow(avow_then(p, pause_first, NULL, c));
}

static void pause_avow(connection_t *c) {
  avow_promise_t *p = avow_repeat(bench_loop, read_and_pause, c);
  avow_unref(avow_then(p, end_connection, end_connection, c));
}

static void on_connection(uv_stream_t *server, int status) {
  check(status == 0);
  connection_t *c = &connections[accepted++];
  check(uv_tcp_init(bench_loop, &c->tcp) == 0);
  c->tcp.data = c;
  check(uv_accept(server, (uv_stream_t *) &c->tcp) == 0);
  check(uv_tcp_nodelay(&c->tcp, 1) == 0);
  serve(c);
  if (accepted == client.count)
    uv_close((uv_handle_t *) server, NULL);
}

static void listen_somewhere(void) {
  int len = sizeof(client.address);
  check(uv_ip4_addr("127.0.0.1", 0, &client.address) == 0);
  check(uv_tcp_init(bench_loop, &listener) == 0);
  check(uv_tcp_bind(&listener, (const struct sockaddr *) &client.address, 0) ==
        0);
  check(uv_tcp_getsockname(&listener, (struct sockaddr *) &client.address,
                           &len) == 0);
  check(uv_listen((uv_stream_t *) &listener, MAX, on_connection) == 0);
}

static uint64_t time_echo(size_t n, size_t rounds, void (*fn)(connection_t *)) {
  serve = fn;
  accepted = 0;
  client.count = n;
  client.to_send = n * rounds;
  listen_somewhere();
  check(uv_thread_create(&client.thread, client_main, NULL) == 0);
  const uint64_t start = bench_clock();
  bench_drain();
  const uint64_t elapsed = bench_clock() - start;
  (void) uv_thread_join(&client.thread); /* it was created */
  return elapsed;
}

static uint64_t with_write(size_t n, size_t rounds) {
  return time_echo(n, rounds, serve_write);
}

static uint64_t with_try_write(size_t n, size_t rounds) {
  return time_echo(n, rounds, serve_try);
}

static uint64_t with_avow(size_t n, size_t rounds) {
  return time_echo(n, rounds, serve_avow);
}

static uint64_t pausing_with_work(size_t n, size_t rounds) {
  return time_echo(n, rounds, serve_pausing);
}

static uint64_t pausing_with_avow(size_t n, size_t rounds) {
  return time_echo(n, rounds, pause_avow);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "echo, avow to uv_write()", 1, with_avow, with_write, 0, 1 },
    { "echo, avow to uv_write()", MAX, with_avow, with_write, 0, 1 },
    { "echo, avow to uv_try_write() first", 1, with_avow, with_try_write, 0,
      1.03 },
    { "echo, avow to uv_try_write() first", MAX, with_avow, with_try_write, 0,
      1.03 },
    { "echo after a job, avow to libuv", 1, pausing_with_avow,
      pausing_with_work, 0, 0 },
    { "echo after a job, avow to libuv", MAX, pausing_with_avow,
      pausing_with_work, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
