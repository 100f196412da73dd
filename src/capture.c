/*
 * Capturing output. The buffer doubles up to a little more than the limit: what
 * is read past that is dropped, and more is read over it.
 */
#include "capture.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "value.h"

enum { FIRST_ROOM = 4096, PAST_LIMIT = 4096 };

static avow__capture_t *of(void *pipe) {
  return pipe; /* its first member */
}

static avow__bytes_t *bytes_of(const avow__capture_t *capture) {
  return capture->buffer.u.p;
}

static size_t most(const avow__capture_t *capture) {
  return capture->limit < SIZE_MAX - PAST_LIMIT ? capture->limit + PAST_LIMIT
                                                : SIZE_MAX;
}

/* No more than the limit, or all that there will be. */
static size_t next_room(const avow__capture_t *capture) {
  const size_t room =
      capture->room > 0 ? capture->room : (size_t) FIRST_ROOM / 2;
  return room <= capture->limit / 2 ? room * 2 : most(capture);
}

static bool make_room(avow__capture_t *capture) {
  char *data = NULL;
  const avow_value_t larger = avow_bytes_new(next_room(capture), &data);
  if (data == NULL)
    return false;
  if (capture->used > 0)
    memcpy(data, bytes_of(capture)->data, capture->used);
  avow__value_unref(capture->buffer);
  capture->buffer = larger;
  capture->room = bytes_of(capture)->len;
  return true;
}

/* Nothing without memory: then libuv reports UV_ENOBUFS. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  avow__capture_t *capture = of(handle);
  *buf = uv_buf_init(NULL, 0);
  if (capture->used == capture->room && !make_room(capture))
    return;
  const size_t room = capture->room - capture->used;
  *buf = uv_buf_init(bytes_of(capture)->data + capture->used,
                     room < INT_MAX ? (unsigned) room : INT_MAX);
}

static void end(avow__capture_t *capture, ssize_t err) {
  if (err == UV_EOF)
    err = 0;
  capture->cb(capture, err == UV_ENOBUFS ? UV_ENOMEM : (int) err);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  avow__capture_t *capture = of(stream);
  if (n < 0) {
    end(capture, n);
    return;
  }
  capture->used += (size_t) n;
  if (capture->used <= capture->limit)
    return;
  capture->used = capture->limit;
  capture->cb(capture, UV_EMSGSIZE);
}

void avow__capture_start(avow__capture_t *capture, avow__capture_cb cb) {
  capture->cb = cb;
  (void) uv_read_start((uv_stream_t *) &capture->pipe, on_alloc,
                       on_read); /* fails on what is not open */
}

avow_value_t avow__capture_take(avow__capture_t *capture) {
  const avow_value_t v = capture->buffer;
  capture->buffer = avow_none();
  return v.tag == AVOW_BYTES ? avow__bytes_cut(v, capture->used)
                             : avow_bytes(NULL, 0);
}
