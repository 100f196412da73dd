/* SPDX-License-Identifier: MIT */
/* The progress and the options of a pump, and the idle limit of a reader. */
#ifndef AVOW_IDLE_TIMEOUT_H
#define AVOW_IDLE_TIMEOUT_H

#include "avow/stream.h"

typedef struct {
  uv_loop_t *loop;
  const char *name; /* name of the operation */
  uint64_t *moved;  /* the program's byte counter, or NULL */
  uint64_t idle;    /* limit in ms; 0: none */
  uint64_t at;      /* time of the last progress */
  bool keep_open;   /* do not shut the sink down at the end */
  avow_stream_t to; /* sink with a pending write; none if it may be freed */
  size_t queued;    /* its queue length at the last check */
  unsigned refs;
} avow__progress_t;

/* NULL if out of memory. The caller sets `moved` and `keep_open`. */
avow__progress_t *avow__progress_new(uv_loop_t *loop, const char *name,
                                     uint64_t idle);

/* Records progress: data was read, or `moved` bytes in all are moved and no
   write is pending. */
void avow__progress_note(avow__progress_t *progress, int64_t moved);

/* Records a pending write to `to`. Data that leaves its queue is progress too.
   `progress` may be NULL. */
void avow__progress_wait(avow__progress_t *progress, avow_stream_t to);

/* From now on the sink may be freed. */
void avow__progress_leave(avow__progress_t *progress);

/* Settles as `p` does, but cancels it when there is no progress for too long.
   Takes ownership of `p` and of the progress, which lives while `p` is pending.
 */
avow_promise_t *avow__progress_watch(avow__progress_t *progress,
                                     avow_promise_t *p);

#endif
