/* SPDX-License-Identifier: MIT */
/* Buffers that grow and become values. */
#include "value/buffer.h"

uv_buf_t avow__buffer_offer(avow__buffer_t *buffer, size_t next_room) {
  if (buffer->used == avow__buffer_room(buffer)) {
    avow__bytes_t *bytes = avow__bytes_resize(buffer->bytes, next_room);
    if (bytes == NULL)
      return uv_buf_init(NULL, 0);
    buffer->bytes = bytes;
  }
  return avow__bytes_from(buffer->bytes, buffer->used);
}

static avow_value_t buffer_detach(avow__buffer_t *buffer) {
  const avow_value_t v = avow__block_value(&buffer->bytes->head);
  buffer->bytes = NULL;
  buffer->used = 0;
  return v;
}

avow_value_t avow__buffer_take(avow__buffer_t *buffer) {
  if (buffer->bytes == NULL)
    return avow_bytes(NULL, 0);
  const size_t len = buffer->used;
  return avow__bytes_cut(buffer_detach(buffer), len);
}

void avow__buffer_clear(avow__buffer_t *buffer) {
  if (buffer->bytes != NULL)
    avow__value_unref(buffer_detach(buffer));
}
