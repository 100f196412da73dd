/* SPDX-License-Identifier: MIT */
/*
 * The rate at which avow_pump() moves bytes between sockets. Another
 * thread, which always uses libuv with callbacks, writes at one end and reads
 * at the other as fast as it can. The floor is a pump in plain libuv: one
 * buffer, from which uv_try_write() writes as much as possible before the rest
 * is queued.
 */
#include "bench.h"

enum { BLOCK = 65536 };

static void check(bool ok) {
  bench_require(ok, "what was sent");
}

/* The other thread. */
static struct {
  uv_thread_t thread;
  uv_loop_t loop;
  uv_tcp_t source, sink;
  uv_write_t write;
  uv_shutdown_t shutdown;
  uv_os_sock_t fds[2];
  size_t to_send, to_get; /* bytes */
} other;

static char block[BLOCK], drain[BLOCK];

static void on_shut(uv_shutdown_t *req, int status) {
  check(status == 0);
}

static void on_sent(uv_write_t *req, int status);

static void send_block(void) {
  const uv_buf_t buf = uv_buf_init(block, BLOCK);
  if (other.to_send > 0)
    check(uv_write(&other.write, (uv_stream_t *) &other.source, &buf, 1,
                   on_sent) == 0);
  else
    check(uv_shutdown(&other.shutdown, (uv_stream_t *) &other.source,
                      on_shut) == 0);
}

static void on_sent(uv_write_t *req, int status) {
  check(status == 0);
  other.to_send -= BLOCK;
  send_block();
}

static void drain_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  *buf = uv_buf_init(drain, BLOCK);
}

static void on_drained(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n >= 0) {
    other.to_get -= (size_t) n;
    return;
  }
  check(n == UV_EOF && other.to_get == 0);
  uv_close((uv_handle_t *) &other.source, NULL);
  uv_close((uv_handle_t *) &other.sink, NULL);
}

static void open_socket(uv_loop_t *loop, uv_tcp_t *tcp, uv_os_sock_t fd) {
  check(uv_tcp_init(loop, tcp) == 0);
  check(uv_tcp_open(tcp, fd) == 0);
}

static void other_main(void *arg) {
  check(uv_loop_init(&other.loop) == 0);
  open_socket(&other.loop, &other.source, other.fds[0]);
  open_socket(&other.loop, &other.sink, other.fds[1]);
  check(uv_read_start((uv_stream_t *) &other.sink, drain_alloc, on_drained) ==
        0);
  send_block();
  check(uv_run(&other.loop, UV_RUN_DEFAULT) == 0);
  check(uv_loop_close(&other.loop) == 0);
}

/* The pump between both ends. */
static uv_tcp_t from, to;

static void close_both(void) {
  uv_close((uv_handle_t *) &from, NULL);
  uv_close((uv_handle_t *) &to, NULL);
}

static struct {
  uv_write_t write;
  uv_shutdown_t shutdown;
  char buf[BLOCK];
} raw;

static void raw_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void raw_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  *buf = uv_buf_init(raw.buf, BLOCK);
}

static void raw_written(uv_write_t *req, int status) {
  check(status == 0);
  check(uv_read_start((uv_stream_t *) &from, raw_alloc, raw_read) == 0);
}

static void raw_shut(uv_shutdown_t *req, int status) {
  check(status == 0);
  close_both();
}

static void raw_pass_on(size_t len) {
  uv_buf_t buf = uv_buf_init(raw.buf, (unsigned) len);
  const int n = uv_try_write((uv_stream_t *) &to, &buf, 1);
  const size_t done = n > 0 ? (size_t) n : 0;
  check(n >= 0 || n == UV_EAGAIN);
  if (done == len)
    return;
  buf = uv_buf_init(raw.buf + done, (unsigned) (len - done));
  check(uv_read_stop((uv_stream_t *) &from) == 0);
  check(uv_write(&raw.write, (uv_stream_t *) &to, &buf, 1, raw_written) == 0);
}

static void raw_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  check(n >= 0 || n == UV_EOF);
  if (n > 0)
    raw_pass_on((size_t) n);
  else if (n < 0)
    check(uv_shutdown(&raw.shutdown, (uv_stream_t *) &to, raw_shut) == 0);
}

static void start_raw(void) {
  check(uv_read_start((uv_stream_t *) &from, raw_alloc, raw_read) == 0);
}

static avow_value_t on_pumped(const avow_value_t *bytes, void *data) {
  check(!avow_is_error(bytes));
  close_both();
  return avow_none();
}

static void start_avow(void) {
  avow_promise_t *p = avow_pump(avow_uv_stream((uv_stream_t *) &from),
                                avow_uv_stream((uv_stream_t *) &to), NULL);
  avow_unref(avow_then(p, on_pumped, on_pumped, NULL));
}

static uint64_t time_pipe(size_t blocks, void (*start)(void)) {
  uv_os_sock_t in[2], out[2];
  other.to_send = other.to_get = blocks * BLOCK;
  check(uv_socketpair(SOCK_STREAM, 0, in, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE) ==
        0);
  check(uv_socketpair(SOCK_STREAM, 0, out, UV_NONBLOCK_PIPE,
                      UV_NONBLOCK_PIPE) == 0);
  other.fds[0] = in[0];
  other.fds[1] = out[1];
  open_socket(bench_loop, &from, in[1]);
  open_socket(bench_loop, &to, out[0]);
  const uint64_t begin = uv_hrtime();
  check(uv_thread_create(&other.thread, other_main, NULL) == 0);
  start();
  bench_drain();
  (void) uv_thread_join(&other.thread); /* it was created */
  return uv_hrtime() - begin;
}

static uint64_t with_raw(size_t n, size_t rounds) {
  return time_pipe(n * rounds, start_raw);
}

static uint64_t with_avow(size_t n, size_t rounds) {
  return time_pipe(n * rounds, start_avow);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "64 KiB piped", 16, with_avow, with_raw, 0, 1.05 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
