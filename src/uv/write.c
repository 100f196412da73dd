/* SPDX-License-Identifier: MIT */
/*
 * Writing to a stream and ending it. Data that the system takes at once needs
 * no request. Other data is queued in a request that owns it.
 */
#include "uv/write.h"

#include <limits.h>

#include "avow/net.h"
#include "avow/stream.h"
#include "base/alloc.h"
#include "uv/op.h"
#include "uv/sigpipe_check.h"
#include "uv/stream.h"
#include "uv/stream_value.h"
#include "value/buffer.h"

typedef struct {
  avow__op_t op;
  uv_write_t req;
  avow_value_t bytes;  /* BYTES, or a LIST of them */
  avow_value_t handle; /* handle to send along, or none */
} write_t;

typedef struct {
  avow__op_t op;
  uv_shutdown_t req;
} shutdown_t;

static size_t write_parts_of(const avow_value_t *bytes) {
  return bytes->tag == AVOW_LIST ? avow_list_len(bytes) : 1;
}

static const avow_value_t *part_at(const avow_value_t *bytes, size_t i) {
  return bytes->tag == AVOW_LIST ? avow_list_at(bytes, i) : bytes;
}

/* The sum of all parts. SIZE_MAX if it does not fit in a size_t, which is
   possible because one value may occur many times. */
static size_t length(const avow_value_t *bytes) {
  size_t sum = 0;
  for (size_t i = 0; i < write_parts_of(bytes); i++)
    sum =
        avow__plus(sum, ((const avow__bytes_t *) part_at(bytes, i)->u.p)->len);
  return sum;
}

static avow_value_t write_outcome(int status, size_t len) {
  return status < 0 ? avow__error_of(status, "write", NULL)
                    : avow_int((int64_t) len);
}

static void on_write(uv_write_t *req, int status) {
  write_t *write = req->data;
  const size_t len = length(&write->bytes);
  avow__value_unref(write->bytes);
  avow__value_unref(write->handle);
  avow__op_complete(&write->op, write_outcome(status, len));
}

/* Fills in the first `n` buffers after `done` bytes. Returns the total number
   of buffers. */
static size_t gather(const avow_value_t *bytes, size_t done, uv_buf_t bufs[],
                     size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < write_parts_of(bytes); i++) {
    avow__bytes_t *block = part_at(bytes, i)->u.p;
    size_t at = done < block->len ? done : block->len;
    done -= at;
    while (at < block->len) {
      const uv_buf_t buf = avow__bytes_from(block, at);
      if (count < n)
        bufs[count] = buf;
      count++;
      at += buf.len;
    }
  }
  return count;
}

enum { FEW = 8 };

/* Writes what the system takes now and returns its length. That is allowed only
   while no write is queued. */
static int try_now(uv_stream_t *stream, uv_buf_t bufs[], size_t count) {
  avow__look_at_sigpipe(stream);
  if (uv_stream_get_write_queue_size(stream) > 0)
    return 0;
  const unsigned few = count < FEW ? (unsigned) count : FEW;
  const int n = uv_try_write(stream, bufs, few > 0 ? few : 1);
  return n == UV_EAGAIN ? 0 : n;
}

/* The handle to send along with the bytes, or NULL. */
static uv_stream_t *to_handle(const avow_value_t *v) {
  if (v->tag == AVOW_POINTER)
    return avow_to_pointer(v);
  return v->tag == AVOW_NONE ? NULL : avow__owned_handle(v);
}

/* Queues the rest in all its buffers. libuv copies the array. */
static int write_queue(write_t *write, uv_stream_t *stream, size_t done) {
  uv_buf_t few[FEW];
  uv_buf_t *bufs = few;
  const size_t n = gather(&write->bytes, done, few, FEW);
  if (n > FEW) {
    bufs = n < UINT_MAX ? avow_calloc(n, sizeof(*bufs)) : NULL;
    if (bufs == NULL)
      return UV_ENOMEM;
    (void) gather(&write->bytes, done, bufs, n); /* n, again */
  }
  const int err = uv_write2(&write->req, stream, bufs, (unsigned) n,
                            to_handle(&write->handle), on_write);
  if (bufs != few)
    avow_free(bufs);
  return err;
}

static avow_promise_t *write_rest(uv_stream_t *stream, avow_value_t bytes,
                                  size_t done, avow_value_t handle) {
  avow_promise_t *p;
  write_t *write = avow__op_new(stream->loop, sizeof(*write), &p);
  if (write == NULL) {
    avow__value_unref(bytes);
    avow__value_unref(handle);
    return p;
  }
  write->bytes = bytes;
  write->handle = handle;
  write->req.data = write;
  const int err = write_queue(write, stream, done);
  if (err == 0) {
    avow__op_started_on_handle(&write->op);
    return p;
  }
  avow__value_unref(bytes);
  avow__value_unref(handle);
  (void) avow__op_end(&write->op, write_outcome(err, 0));
  return p;
}

/* The part must be BYTES, not the error of making them. */
static int check_part(const avow_value_t *v) {
  if (avow_is_error(v))
    return v->code;
  return v->tag == AVOW_BYTES ? 0 : UV_EINVAL;
}

int avow__write_check(const avow_value_t *bytes) {
  int err = 0;
  for (size_t i = 0; err == 0 && i < write_parts_of(bytes); i++)
    err = check_part(part_at(bytes, i));
  return err == 0 && length(bytes) == SIZE_MAX ? UV_E2BIG : err;
}

static int write_check(const uv_stream_t *stream, const avow_value_t *bytes) {
  return uv_is_closing((const uv_handle_t *) stream) ? UV_EINVAL
                                                     : avow__write_check(bytes);
}

/* Checks the stream, and writes what the system takes now of one value. */
static int try_one(uv_stream_t *stream, avow__bytes_t *block, size_t *len) {
  if (uv_is_closing((const uv_handle_t *) stream))
    return UV_EINVAL;
  *len = block->len;
  uv_buf_t buf = avow__bytes_from(block, 0);
  return try_now(stream, &buf, 1);
}

static int try_any(uv_stream_t *stream, const avow_value_t *bytes,
                   size_t *len) {
  uv_buf_t bufs[FEW] = { { 0 } };
  const int err = write_check(stream, bytes);
  if (err != 0)
    return err;
  *len = length(bytes);
  return try_now(stream, bufs, gather(bytes, 0, bufs, FEW));
}

avow_promise_t *avow_write(avow_stream_t s, avow_value_t bytes) {
  avow__check_given(s.klass, "stream");
  avow__check_value(&bytes);
  if (!avow__is_uv(s))
    return avow__any_write(s, bytes);
  uv_stream_t *stream = s.self;
  avow__check_stream(stream);
  size_t len = 0;
  const int n = bytes.tag == AVOW_BYTES ? try_one(stream, bytes.u.p, &len)
                                        : try_any(stream, &bytes, &len);
  if (n >= 0 && (size_t) n < len)
    return write_rest(stream, bytes, (size_t) n, avow_none());
  avow__value_unref(bytes);
  return avow_promise_resolve(stream->loop, write_outcome(n, len));
}

static int check_handle(const avow_value_t *v) {
  if (avow_is_error(v))
    return v->code;
  const uv_stream_t *handle = v->tag != AVOW_NONE ? to_handle(v) : NULL;
  if (handle == NULL || uv_is_closing((const uv_handle_t *) handle))
    return UV_EINVAL;
  return 0;
}

avow_promise_t *avow_write_handle(uv_stream_t *stream, avow_value_t bytes,
                                  avow_value_t handle) {
  avow__check_value(&bytes);
  avow__check_value(&handle);
  if (stream == NULL) {
    avow__value_unref(bytes);
    avow__value_unref(handle);
    avow__misuse_of_no_handle();
    return avow__refuse_null("handle");
  }
  int err = write_check(stream, &bytes);
  if (err == 0)
    err = check_handle(&handle);
  if (err == 0 && length(&bytes) == 0) /* a handle needs bytes */
    err = UV_EINVAL;
  avow__look_at_sigpipe(stream);
  if (err == 0)
    return write_rest(stream, bytes, 0, handle);
  avow__value_unref(bytes);
  avow__value_unref(handle);
  return avow_promise_resolve(stream->loop, write_outcome(err, 0));
}

static void write_on_shutdown(uv_shutdown_t *req, int status) {
  shutdown_t *shutdown = req->data;
  const int err = avow__shutdown_status(req->handle, status);
  avow__op_complete(&shutdown->op, err < 0
                                       ? avow__error_of(err, "shutdown", NULL)
                                       : avow_none());
}

avow_promise_t *avow_shutdown(avow_stream_t s) {
  avow__check_given(s.klass, "stream");
  if (!avow__is_uv(s))
    return avow__any_shutdown(s);
  uv_stream_t *stream = s.self;
  avow__check_stream(stream);
  avow_promise_t *p;
  shutdown_t *shutdown = avow__op_new(stream->loop, sizeof(*shutdown), &p);
  if (shutdown == NULL)
    return p;
  shutdown->req.data = shutdown;
  const int err = uv_shutdown(&shutdown->req, stream, write_on_shutdown);
  if (err == 0)
    avow__op_started_on_handle(&shutdown->op);
  else
    (void) avow__op_end(&shutdown->op, avow__error_of(err, "shutdown", NULL));
  return p;
}
