/* SPDX-License-Identifier: MIT */
/* Reading from streams of libuv. */
#ifndef AVOW_READ_H
#define AVOW_READ_H

#include <uv.h>

/* Stops watching the stream for earlier reads, if libuv does so. */
void avow__stream_quiet(uv_stream_t *stream);

#endif
