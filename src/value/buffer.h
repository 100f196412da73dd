/* SPDX-License-Identifier: MIT */
/*
 * A buffer that grows: bytes that nobody else has yet, filled from the front.
 * What is in it becomes a value without being copied.
 */
#ifndef AVOW_BUFFER_H
#define AVOW_BUFFER_H

#include <limits.h>
#include <uv.h>

#include "value/value.h"

typedef struct avow__buffer_s {
  avow__bytes_t *bytes; /* NULL before it has any */
  size_t used;
} avow__buffer_t;

/* What a block holds from there on, as far as libuv takes it at once. */
static inline uv_buf_t avow__bytes_from(avow__bytes_t *bytes, size_t at) {
  const size_t left = bytes->len - at;
  return uv_buf_init(bytes->data + at,
                     left < INT_MAX ? (unsigned) left : INT_MAX);
}

/* How much it holds before it has to grow. */
static inline size_t avow__buffer_room(const avow__buffer_t *buffer) {
  return buffer->bytes != NULL ? buffer->bytes->len : 0;
}

/* For libuv to read into: what is not used yet. A full one grows to hold so
   much; without memory that is nothing, and libuv reports UV_ENOBUFS. */
uv_buf_t avow__buffer_offer(avow__buffer_t *buffer, size_t next_room);

/* What a read has ended with, in our terms. */
static inline int avow__buffer_error(int err) {
  return err == UV_ENOBUFS ? UV_ENOMEM : err;
}

/* What is in it, which is empty from then on; of nothing, an error if there is
   no memory. */
avow_value_t avow__buffer_take(avow__buffer_t *buffer);

void avow__buffer_clear(avow__buffer_t *buffer);

#endif
