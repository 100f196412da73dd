/* SPDX-License-Identifier: MIT */
/*
 * The memory that libuv reads into: one block for each loop. libuv fills the
 * buffer that it asked for, or gives it up, before it asks again. So a waiting
 * stream needs no memory. A Windows terminal keeps its buffer until a line is
 * complete, so terminals have blocks of their own.
 */
#ifndef AVOW_READ_BUFFER_H
#define AVOW_READ_BUFFER_H

#include "uv/handle_table.h"

/* Returns the loop's block, or `own` for a terminal. */
avow__buffer_t *avow__room_of(avow__context_t *c, const uv_stream_t *stream,
                              avow__buffer_t *own);

/* At most `max_bytes` of the block; empty if out of memory. */
uv_buf_t avow__room_offer(avow__buffer_t *room, size_t max_bytes);

/* Returns the first `len` bytes as a value. This cannot fail for lack of
   memory: a block that is more than half full, or cannot be copied, is handed
   over. */
avow_value_t avow__room_take(avow__buffer_t *room, size_t len);

#endif
