/* SPDX-License-Identifier: MIT */
/* Whether the end of a stream that libuv reports is a real end. */
#ifndef AVOW_EOF_ERROR_H
#define AVOW_EOF_ERROR_H

#include <stdbool.h>
#include <uv.h>

/* Why libuv has stopped reading an open stream. The result is `code`, with
   three exceptions. If it is UV_EOF and the connection broke, the result is
   that error. If a pseudo-terminal has ended, it is UV_EOF. If data is left, it
   is 0, and libuv reads on. */
int avow__how_ended(uv_stream_t *stream, int code, const uv_buf_t *buf);

/* Whether the descriptor is the master of a pseudo-terminal. False on systems
   that report its end like that of any stream. */
bool avow__is_master(int fd);

#endif
