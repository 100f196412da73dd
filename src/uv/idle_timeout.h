/* SPDX-License-Identifier: MIT */
/* What is asked of a pump, and how far it has come; and how long a reader waits
   for more. */
#ifndef AVOW_IDLE_TIMEOUT_H
#define AVOW_IDLE_TIMEOUT_H

#include "avow/stream.h"

typedef struct {
  uv_loop_t *loop;
  const char *name; /* of what moves */
  uint64_t *moved;  /* the program's, or NULL: bytes so far */
  uint64_t idle;    /* ms; 0: for ever */
  uint64_t at;      /* when something moved last */
  bool keep_open;   /* the stream that it moves to */
  avow_stream_t to; /* where what is written waits; none when it may be gone */
  size_t queued;    /* that waited there when it was looked at last */
  unsigned refs;
} avow__progress_t;

/* NULL without memory. moved and keep_open are the caller's to set. */
avow__progress_t *avow__progress_new(uv_loop_t *loop, const char *name,
                                     uint64_t idle);

/* Something was read, or so many bytes in all are moved, and nothing waits. */
void avow__progress_note(avow__progress_t *progress, int64_t moved);

/* Something waits to be taken there; NULL: nobody wants to know. What goes out
   of it moves, too. */
void avow__progress_wait(avow__progress_t *progress, avow_stream_t to);

/* That stream may be gone from here on. */
void avow__progress_leave(avow__progress_t *progress);

/* As p, but when nothing has moved for too long it is cancelled. Takes p, and
   the progress, which stays while p is pending. */
avow_promise_t *avow__progress_watch(avow__progress_t *progress,
                                     avow_promise_t *p);

#endif
