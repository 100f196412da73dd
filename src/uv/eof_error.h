/* SPDX-License-Identifier: MIT */
/* Whether what libuv takes for the end of a stream is one. */
#ifndef AVOW_EOF_ERROR_H
#define AVOW_EOF_ERROR_H

#include <stdbool.h>
#include <uv.h>

/* Why libuv reads no more of the stream, which is open: the code that it gave,
   with the buffer. But where that is UV_EOF and the connection broke it is why
   that did; where a pseudo-terminal has ended it is UV_EOF; and 0 where bytes
   are left, which libuv reads on. */
int avow__how_ended(uv_stream_t *stream, int code, const uv_buf_t *buf);

/* Whether the descriptor is the master of a pseudo-terminal; false where its
   end is told as that of any stream. */
bool avow__is_master(int fd);

#endif
