/* SPDX-License-Identifier: MIT */
/* Functions that read a stream of any class repeatedly to move many bytes. They
   reject if the stream is none. */
#ifndef AVOW_CLASS_READ_H
#define AVOW_CLASS_READ_H

#include "uv/idle_timeout.h"
#include "uv/stream_lock.h"

/* Implement the functions with these names in stream.h. */
avow_promise_t *avow__pull_into(avow_stream_t stream, void *buffer, size_t min,
                                size_t max);
avow_promise_t *avow__pull_all(avow_stream_t stream, size_t max_bytes);
avow_promise_t *avow__pull_pump(avow_stream_t from, avow_stream_t to,
                                avow__progress_t *progress);

/* Reads for an owner registered in AVOW__PULLED. All other readers wait for
   that owner. */
static inline avow_promise_t *avow__pull_step(avow__reading_t *reading,
                                              avow_stream_t stream,
                                              size_t max_bytes) {
  reading->asks = true;
  avow_promise_t *p = avow_read(stream, max_bytes);
  reading->asks = false;
  return p;
}

#endif
