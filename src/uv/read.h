/* SPDX-License-Identifier: MIT */
/* Reading from streams of libuv. */
#ifndef AVOW_READ_H
#define AVOW_READ_H

#include <uv.h>

/* Calls uv_read_stop() if libuv watches the stream for avow's reads. */
void avow__stream_quiet(uv_stream_t *stream);

#endif
