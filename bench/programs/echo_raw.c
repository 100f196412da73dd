/* SPDX-License-Identifier: MIT */
/*
 * echo_raw: an echo server with libuv's callbacks. Prints its port. It first
 * tries to write received bytes at once, from one shared buffer. Bytes that the
 * system does not accept are copied to a block of their own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { CHUNK = 64 * 1024, BACKLOG = 4096 };

typedef struct {
  uv_write_t req;
  char data[];
} rest_t;

static char chunk[CHUNK];

static void check(int err) {
  if (err >= 0)
    return;
  (void) fprintf(stderr, "echo_raw: %s\n", uv_strerror(err));
  exit(1);
}

static void on_close(uv_handle_t *handle) {
  free(handle);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  *buf = uv_buf_init(chunk, sizeof(chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_written(uv_write_t *req, int status) {
  uv_stream_t *stream = req->handle;
  free(req);
  if (uv_is_closing((uv_handle_t *) stream))
    return;
  if (status < 0)
    uv_close((uv_handle_t *) stream, on_close);
  else
    check(uv_read_start(stream, on_alloc, on_read));
}

static void write_rest(uv_stream_t *stream, const char *data, size_t len) {
  rest_t *rest = malloc(sizeof(*rest) + len);
  check(rest == NULL ? UV_ENOMEM : uv_read_stop(stream));
  memcpy(rest->data, data, len);
  const uv_buf_t buf = uv_buf_init(rest->data, (unsigned) len);
  check(uv_write(&rest->req, stream, &buf, 1, on_written));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n == 0)
    return;
  if (n > 0) {
    const uv_buf_t all = uv_buf_init(buf->base, (unsigned) n);
    const int written = uv_try_write(stream, &all, 1);
    const int done = written == UV_EAGAIN ? 0 : written;
    if (done >= 0 && done < n)
      write_rest(stream, buf->base + done, (size_t) (n - done));
    if (done >= 0)
      return;
  }
  uv_close((uv_handle_t *) stream, on_close);
}

static void on_connection(uv_stream_t *listener, int status) {
  check(status);
  uv_tcp_t *tcp = malloc(sizeof(*tcp));
  check(tcp == NULL ? UV_ENOMEM : uv_tcp_init(listener->loop, tcp));
  check(uv_accept(listener, (uv_stream_t *) tcp));
  check(uv_read_start((uv_stream_t *) tcp, on_alloc, on_read));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  struct sockaddr_in at;
  int len = sizeof(at);
  (void) signal(SIGPIPE, SIG_IGN);
  check(uv_ip4_addr("127.0.0.1", 0, &at));
  check(uv_tcp_init(loop, &listener));
  check(uv_tcp_bind(&listener, (const struct sockaddr *) &at, 0));
  check(uv_listen((uv_stream_t *) &listener, BACKLOG, on_connection));
  check(uv_tcp_getsockname(&listener, (struct sockaddr *) &at, &len));
  printf("%d\n", ntohs(at.sin_port));
  (void) fflush(stdout); /* the reader of the port reports a failure */
  return uv_run(loop, UV_RUN_DEFAULT);
}
