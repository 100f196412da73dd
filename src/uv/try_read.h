/* SPDX-License-Identifier: MIT */
/*
 * Bytes that wait in the system already. To have libuv watch for them would
 * take a call of the system to begin, one to wait and one to end.
 */
#ifndef AVOW_TRY_READ_H
#define AVOW_TRY_READ_H

#include <uv.h>

/* How many of them are in the buffer now, or a code of libuv's. 0: there are
   none, or libuv has to read what is there, as the end of the stream; also
   where the buffer has no room. Never blocks. The stream is open. */
int avow__waiting_take(const uv_stream_t *stream, uv_buf_t buf);

#endif
