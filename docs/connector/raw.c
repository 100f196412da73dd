/* SPDX-License-Identifier: MIT */
/* With callbacks: a state machine, because each stage can be canceled. */
#include <stdlib.h>
#include <string.h>

#include "connector.h"

typedef enum { RESOLVING, CONNECTING, GREETING, LISTENING, CLOSING } state_t;

struct raw_s {
  uv_loop_t *loop;
  raw_cb cb;
  void *data;
  state_t state;
  int status; /* reason of the last failure */
  bool over;  /* no further attempt follows */
  uv_timer_t timer;
  uv_getaddrinfo_t resolve;
  struct addrinfo *list, *next;
  uv_tcp_t *tcp;
  uv_connect_t connect;
  uv_write_t write;
  char answer[WELCOME_LEN];
  size_t got;
};

static void try_next(raw_t *raw);

static void on_timer_closed(uv_handle_t *timer) {
  raw_t *raw = timer->data;
  raw->cb(raw->tcp, raw->status, raw->data);
  uv_freeaddrinfo(raw->list);
  free(raw);
}

static void finish(raw_t *raw) {
  raw->over = true;
  uv_close((uv_handle_t *) &raw->timer, on_timer_closed);
}

static void on_tcp_closed(uv_handle_t *handle) {
  raw_t *raw = handle->data;
  free(raw->tcp);
  raw->tcp = NULL;
  if (raw->over)
    finish(raw);
  else
    try_next(raw);
}

/* The attempt has failed. Callbacks that are still to come must learn of it. */
static void fail(raw_t *raw, int status) {
  if (raw->state == CLOSING)
    return;
  raw->state = CLOSING;
  if (!raw->over)
    raw->status = status;
  uv_close((uv_handle_t *) raw->tcp, on_tcp_closed);
}

static void stop(raw_t *raw, int status) {
  if (raw->over)
    return;
  raw->over = true;
  raw->status = status;
  if (raw->state == RESOLVING)
    (void) uv_cancel((uv_req_t *) &raw->resolve); /* or it ends unheard */
  else
    fail(raw, status);
}

static void on_timeout(uv_timer_t *timer) {
  stop(timer->data, UV_ETIMEDOUT);
}

void raw_cancel(raw_t *raw) {
  stop(raw, UV_ECANCELED);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  raw_t *raw = handle->data;
  *buf = uv_buf_init(raw->answer + raw->got,
                     (unsigned) (sizeof(raw->answer) - raw->got));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  raw_t *raw = stream->data;
  if (nread < 0) {
    fail(raw, (int) nread);
    return;
  }
  raw->got += (size_t) nread;
  if (raw->got < sizeof(raw->answer))
    return;
  (void) uv_read_stop(stream); /* always 0 */
  if (memcmp(raw->answer, WELCOME, sizeof(raw->answer)) != 0) {
    fail(raw, UV_EPROTO);
    return;
  }
  raw->status = 0;
  finish(raw);
}

static void on_written(uv_write_t *req, int status) {
  raw_t *raw = req->data;
  if (raw->state != GREETING)
    return;
  raw->state = LISTENING;
  raw->got = 0;
  if (status == 0)
    status = uv_read_start((uv_stream_t *) raw->tcp, on_alloc, on_read);
  if (status < 0)
    fail(raw, status);
}

static void on_connected(uv_connect_t *req, int status) {
  raw_t *raw = req->data;
  if (raw->state != CONNECTING)
    return;
  raw->state = GREETING;
  static char hello[] = HELLO;
  const uv_buf_t buf = uv_buf_init(hello, sizeof(hello) - 1);
  if (status == 0)
    status =
        uv_write(&raw->write, (uv_stream_t *) raw->tcp, &buf, 1, on_written);
  if (status < 0)
    fail(raw, status);
}

static int begin_attempt(raw_t *raw, const struct sockaddr *address) {
  uv_tcp_t *tcp = malloc(sizeof(*tcp));
  if (tcp == NULL)
    return UV_ENOMEM;
  const int err = uv_tcp_init(raw->loop, tcp);
  if (err < 0) {
    free(tcp);
    return err;
  }
  tcp->data = raw;
  raw->tcp = tcp;
  raw->state = CONNECTING;
  const int status = uv_tcp_connect(&raw->connect, tcp, address, on_connected);
  if (status < 0)
    fail(raw, status);
  return 0;
}

static void try_next(raw_t *raw) {
  if (raw->next == NULL) {
    finish(raw);
    return;
  }
  const struct sockaddr *address = raw->next->ai_addr;
  raw->next = raw->next->ai_next;
  const int err = begin_attempt(raw, address);
  if (err < 0) {
    raw->status = err;
    finish(raw);
  }
}

static void on_resolved(uv_getaddrinfo_t *req, int status,
                        struct addrinfo *list) {
  raw_t *raw = req->data;
  raw->list = raw->next = list;
  if (!raw->over)
    raw->status = status;
  if (raw->over || status < 0)
    finish(raw);
  else
    try_next(raw);
}

int raw_connect(uv_loop_t *loop, const char *host, const char *service,
                uint64_t ms, raw_cb cb, void *data, raw_t **out) {
  raw_t *raw = calloc(1, sizeof(*raw));
  if (raw == NULL)
    return UV_ENOMEM;
  *raw = (raw_t){ .loop = loop, .cb = cb, .data = data };
  raw->timer.data = raw->resolve.data = raw;
  raw->connect.data = raw->write.data = raw;
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  const int err =
      uv_getaddrinfo(loop, &raw->resolve, on_resolved, host, service, &hints);
  if (err < 0) {
    free(raw);
    return err;
  }
  (void) uv_timer_init(loop, &raw->timer);               /* cannot fail */
  (void) uv_timer_start(&raw->timer, on_timeout, ms, 0); /* cannot fail */
  *out = raw;
  return 0;
}
