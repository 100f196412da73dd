/* SPDX-License-Identifier: MIT */
/* Reading from streams that libuv reads. */
#ifndef AVOW_READ_H
#define AVOW_READ_H

#include <uv.h>

/* Libuv no longer watches the stream for the reads of before, if it did. */
void avow__stream_quiet(uv_stream_t *stream);

#endif
