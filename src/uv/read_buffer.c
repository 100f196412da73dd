/* SPDX-License-Identifier: MIT */
/* The loop's block for incoming data. */
#include "uv/read_buffer.h"

enum { ROOM = 65536 };

avow__buffer_t *avow__room_of(avow__context_t *c, const uv_stream_t *stream,
                              avow__buffer_t *own) {
  return stream->type == UV_TTY ? own : &avow__net_of(c)->room;
}

uv_buf_t avow__room_offer(avow__buffer_t *room, size_t max_bytes) {
  uv_buf_t buf = avow__buffer_offer(room, ROOM);
  if (buf.base != NULL && max_bytes < ROOM)
    buf.len = (unsigned) max_bytes;
  return buf;
}

avow_value_t avow__room_take(avow__buffer_t *room, size_t len) {
  if (len <= ROOM / 2) {
    const avow_value_t v = avow_bytes(room->bytes->data, len);
    if (!avow_is_error(&v))
      return v;
  }
  room->used = len;
  return avow__buffer_take(room);
}
