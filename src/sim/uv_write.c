/* SPDX-License-Identifier: MIT */
/*
 * Streams: writing and shutting down. The system accepts as many bytes as its
 * buffer can hold, or fewer. The rest is queued.
 */
#include "sim/uv_write.h"

#include <assert.h>
#include <string.h>

#include "sim/event_log.h"
#include "sim/hangup_watch.h"

SIM_ANCHOR(write)

static void writes_put(sim_writes_t *list, sim_write_t *write) {
  write->next = NULL;
  *list->end = write;
  list->end = &write->next;
}

static sim_write_t *writes_pop(sim_writes_t *list) {
  sim_write_t *write = list->first;
  list->first = write->next;
  if (list->first == NULL)
    list->end = &list->first;
  return write;
}

size_t uv_stream_get_write_queue_size(const uv_stream_t *handle) {
  return handle->write_queue_size;
}

static int check(const uv_stream_t *handle) {
  const sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || stream->socket == NULL)
    return UV_EBADF;
  return stream->writable ? 0 : UV_EPIPE;
}

static size_t total(const uv_buf_t bufs[], size_t n) {
  size_t len = 0;
  for (size_t i = 0; i < n; i++)
    len += bufs[i].len;
  return len;
}

/* Marks `len` bytes as written. Returns whether the request is complete. */
static bool advance(sim_write_t *write, size_t len) {
  write->left -= len;
  do {
    uv_buf_t *buf = &write->bufs[write->at];
    const size_t n = len < buf->len ? len : buf->len;
    buf->base = n > 0 ? buf->base + n : buf->base;
    buf->len -= n;
    write->at += buf->len == 0;
    len -= n;
  } while (len > 0);
  return write->at == write->n;
}

/* The bytes of a failed write count in the queue until its callback runs. */
static void finish(sim_stream_t *stream, int err) {
  sim_write_t *write = writes_pop(&stream->writes);
  write->error = err;
  writes_put(&stream->written, write);
  sim_stream_feed(stream);
}

static ssize_t write_some(sim_stream_t *stream, sim_write_t *write) {
  return sim_socket_write(stream->socket, write->bufs + write->at,
                          write->n - write->at);
}

/* One request at a time, as in libuv 1.44. */
void sim_stream_write(sim_stream_t *stream) {
  sim_write_t *write = stream->writes.first;
  if (write == NULL)
    return;
  const ssize_t n = write_some(stream, write);
  if (n > 0)
    stream->handle->write_queue_size -= (size_t) n;
  if (n >= 0 && advance(write, (size_t) n)) {
    finish(stream, 0);
  } else if (n >= 0 || n == UV_EAGAIN) {
    sim_stream_want(stream, SIM_OUT);
  } else {
    finish(stream, (int) n);
    sim_stream_want_no(stream, SIM_OUT);
  }
}

void sim_stream_flush(sim_stream_t *stream, int err) {
  while (stream->writes.first != NULL) {
    sim_write_t *write = writes_pop(&stream->writes);
    write->error = err;
    writes_put(&stream->written, write);
  }
}

static void tell(sim_stream_t *stream, sim_write_t *write) {
  uv_write_t *req = write->req;
  const int err = write->error;
  stream->handle->write_queue_size -= write->left;
  sim_request_end(stream->handle->loop);
  sim_free(write);
  if (req->cb != NULL)
    req->cb(req, err);
}

/* Writes that complete during the callbacks wait for the next call. */
void sim_stream_write_callbacks(sim_stream_t *stream) {
  sim_writes_t now = { .first = NULL, .end = &now.first };
  while (stream->written.first != NULL)
    writes_put(&now, writes_pop(&stream->written));
  while (now.first != NULL)
    tell(stream, writes_pop(&now));
}

static sim_write_t *write_new(uv_write_t *req, const uv_buf_t bufs[],
                              size_t n) {
  sim_write_t *write = sim_alloc(sizeof(*write) + n * sizeof(bufs[0]));
  write->req = req;
  write->n = n;
  write->left = total(bufs, n);
  memcpy(write->bufs, bufs, n * sizeof(bufs[0]));
  return write;
}

int uv_write(uv_write_t *req, uv_stream_t *handle, const uv_buf_t bufs[],
             unsigned n, uv_write_cb cb) {
  assert(n > 0);
  const int err = check(handle);
  if (err != 0)
    return err;
  sim_stream_t *stream = sim_stream_of(handle);
  const bool first = handle->write_queue_size == 0;
  sim_stream_begin(stream, req, UV_WRITE);
  req->cb = cb;
  req->handle = handle;
  req->send_handle = NULL;
  sim_write_t *write = write_new(req, bufs, n);
  handle->write_queue_size += write->left;
  writes_put(&stream->writes, write);
  if (stream->connect != NULL)
    return 0;
  if (first)
    sim_stream_write(stream);
  else
    sim_stream_want(stream, SIM_OUT);
  return 0;
}

/* Handles can be sent only between processes, and there is one process. */
int uv_write2(uv_write_t *req, uv_stream_t *handle, const uv_buf_t bufs[],
              unsigned n, uv_stream_t *send_handle, uv_write_cb cb) {
  return send_handle == NULL ? uv_write(req, handle, bufs, n, cb)
                             : sim_refuse("uv_write2");
}

int uv_try_write(uv_stream_t *handle, const uv_buf_t bufs[], unsigned n) {
  assert(n > 0);
  const sim_stream_t *stream = sim_stream_of(handle);
  if (handle->write_queue_size > 0 ||
      (stream != NULL && stream->connect != NULL))
    return UV_EAGAIN;
  const int err = check(handle);
  return err != 0 ? err : (int) sim_socket_write(stream->socket, bufs, n);
}

int uv_try_write2(uv_stream_t *handle, const uv_buf_t bufs[], unsigned n,
                  uv_stream_t *send_handle) {
  return send_handle == NULL ? uv_try_write(handle, bufs, n)
                             : sim_refuse("uv_try_write2");
}

/* Shutting down. */

static int shutdown_now(sim_stream_t *stream) {
  if (stream->socket == NULL)
    return UV_ECANCELED;
  const int err = sim_socket_shutdown(stream->socket);
  sim_hangup_wait_look(stream); /* both directions may be closed now */
  stream->shut = err == 0;
  return err;
}

/* Called when no bytes are left to write. */
void sim_stream_drain(sim_stream_t *stream) {
  assert(stream->writes.first == NULL);
  sim_stream_want_no(stream, SIM_OUT);
  if (!stream->shutting)
    return;
  uv_shutdown_t *req = stream->shutdown;
  stream->shutdown = NULL;
  stream->shutting = false;
  sim_request_end(stream->handle->loop);
  const int err = shutdown_now(stream);
  if (req->cb != NULL)
    req->cb(req, err);
}

int uv_shutdown(uv_shutdown_t *req, uv_stream_t *handle, uv_shutdown_cb cb) {
  sim_stream_t *stream = sim_stream_of(handle);
  if (stream == NULL || !stream->writable || stream->shut || stream->shutting)
    return UV_ENOTCONN;
  sim_stream_begin(stream, req, UV_SHUTDOWN);
  req->handle = handle;
  req->cb = cb;
  stream->shutdown = req;
  stream->shutting = true;
  stream->writable = false;
  if (stream->writes.first == NULL)
    sim_stream_feed(stream);
  return 0;
}
