/* SPDX-License-Identifier: MIT */
/* Whether what libuv takes for the end of a stream is one. */
#ifndef AVOW_ENDED_H
#define AVOW_ENDED_H

#include <uv.h>

/* Why libuv reads no more of the stream, which is open: the code that it gave,
   but where that is UV_EOF and the connection broke, why it did. */
int avow__how_ended(const uv_stream_t *stream, int code);

#endif
