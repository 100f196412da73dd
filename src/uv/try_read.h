/* SPDX-License-Identifier: MIT */
/*
 * Data that the system has already received. Watching for it through libuv
 * would take one system call to start, one to wait and one to stop.
 */
#ifndef AVOW_TRY_READ_H
#define AVOW_TRY_READ_H

#include <uv.h>

/* Reads such data into the buffer and returns its length, or a libuv error.
   Returns 0 if there is none, if libuv must read it (such as the end of the
   stream), or if the buffer is empty. Never blocks. The stream must be open. */
int avow__waiting_take(const uv_stream_t *stream, uv_buf_t buf);

#endif
