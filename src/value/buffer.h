/* SPDX-License-Identifier: MIT */
/*
 * A buffer that grows and is filled from the front. It has no other owner. Its
 * bytes become a value without being copied.
 */
#ifndef AVOW_BUFFER_H
#define AVOW_BUFFER_H

#include <limits.h>
#include <uv.h>

#include "value/value.h"

typedef struct avow__buffer_s {
  avow__bytes_t *bytes; /* NULL before the first bytes are allocated */
  size_t used;
} avow__buffer_t;

/* The bytes of a block from `at` on, limited to what libuv takes in one buffer.
 */
static inline uv_buf_t avow__bytes_from(avow__bytes_t *bytes, size_t at) {
  const size_t left = bytes->len - at;
  return uv_buf_init(bytes->data + at,
                     left < INT_MAX ? (unsigned) left : INT_MAX);
}

/* The number of bytes that fit before the buffer must grow. */
static inline size_t avow__buffer_room(const avow__buffer_t *buffer) {
  return buffer->bytes != NULL ? buffer->bytes->len : 0;
}

/* Returns the unused part of the buffer for libuv to read into. A full buffer
   grows to `next_room` bytes. If memory is short, the result is empty and libuv
   reports UV_ENOBUFS. */
uv_buf_t avow__buffer_offer(avow__buffer_t *buffer, size_t next_room);

/* Translates the error code of a read: UV_ENOBUFS means out of memory. */
static inline int avow__buffer_error(int err) {
  return err == UV_ENOBUFS ? UV_ENOMEM : err;
}

/* Returns the bytes and empties the buffer. For an empty buffer, the result is
   an error if memory is short. */
avow_value_t avow__buffer_take(avow__buffer_t *buffer);

void avow__buffer_clear(avow__buffer_t *buffer);

#endif
