/* SPDX-License-Identifier: MIT */
/* What moves many bytes of a stream of any class, by reading again and again.
   The stream may be none, which is reported. */
#ifndef AVOW_CLASS_READ_H
#define AVOW_CLASS_READ_H

#include "uv/idle_timeout.h"
#include "uv/stream_lock.h"

/* As the functions of these names in stream.h. */
avow_promise_t *avow__pull_into(avow_stream_t stream, void *buffer, size_t min,
                                size_t max);
avow_promise_t *avow__pull_all(avow_stream_t stream, size_t max_bytes);
avow_promise_t *avow__pull_pump(avow_stream_t from, avow_stream_t to,
                                avow__progress_t *progress);

/* A read by who is registered in AVOW__PULLED, for which all others wait. */
static inline avow_promise_t *avow__pull_step(avow__reading_t *reading,
                                              avow_stream_t stream,
                                              size_t max_bytes) {
  reading->asks = true;
  avow_promise_t *p = avow_read(stream, max_bytes);
  reading->asks = false;
  return p;
}

#endif
