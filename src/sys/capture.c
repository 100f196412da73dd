/* SPDX-License-Identifier: MIT */
/*
 * Capturing output. The buffer doubles up to a little more than max_bytes: what
 * is read past that is dropped, and more is read over it.
 */
#include "sys/capture.h"

enum { FIRST_ROOM = 4096, PAST_LIMIT = 4096 };

static avow__capture_t *of(void *pipe) {
  return pipe; /* its first member */
}

static size_t capture_most(const avow__capture_t *capture) {
  return capture->max_bytes < SIZE_MAX - PAST_LIMIT
             ? capture->max_bytes + PAST_LIMIT
             : SIZE_MAX;
}

/* No more than max_bytes, or all that there will be. */
static size_t capture_next_room(const avow__capture_t *capture) {
  const size_t old = avow__buffer_room(&capture->buffer);
  const size_t room = old > 0 ? old : (size_t) FIRST_ROOM / 2;
  return room <= capture->max_bytes / 2 ? room * 2 : capture_most(capture);
}

static void capture_on_alloc(uv_handle_t *handle, size_t suggested,
                             uv_buf_t *buf) {
  avow__capture_t *capture = of(handle);
  *buf = avow__buffer_offer(&capture->buffer, capture_next_room(capture));
}

static void capture_on_read(uv_stream_t *stream, ssize_t n,
                            const uv_buf_t *buf) {
  avow__capture_t *capture = of(stream);
  avow__buffer_t *buffer = &capture->buffer;
  if (n < 0) {
    capture->cb(capture, n == UV_EOF ? 0 : avow__buffer_error((int) n));
    return;
  }
  buffer->used += (size_t) n;
  if (buffer->used <= capture->max_bytes)
    return;
  buffer->used = capture->max_bytes;
  capture->cb(capture, UV_EMSGSIZE);
}

void avow__capture_start(avow__capture_t *capture, avow__capture_cb cb) {
  capture->cb = cb;
  (void) uv_read_start((uv_stream_t *) &capture->pipe, capture_on_alloc,
                       capture_on_read); /* fails on what is not open */
}
