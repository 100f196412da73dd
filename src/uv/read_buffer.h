/* SPDX-License-Identifier: MIT */
/*
 * Where libuv reads to: one block a loop, for what libuv asks for by its
 * callback it has filled, or not, before it asks again. So a stream that waits
 * has no memory. A terminal of Windows keeps what it was given until a line is
 * there: terminals have blocks of their own.
 */
#ifndef AVOW_READ_BUFFER_H
#define AVOW_READ_BUFFER_H

#include "uv/handle_table.h"

/* The loop's, or a terminal's own. */
avow__buffer_t *avow__room_of(avow__context_t *c, const uv_stream_t *stream,
                              avow__buffer_t *own);

/* At most max_bytes of it; none without memory. */
uv_buf_t avow__room_offer(avow__buffer_t *room, size_t max_bytes);

/* The first len bytes there, as a value. Needs no memory: a block that is more
   than half full is handed over, and so is one that cannot be copied. */
avow_value_t avow__room_take(avow__buffer_t *room, size_t len);

#endif
