/* SPDX-License-Identifier: MIT */
/*
 * Long work on the thread pool: in shifts of a millisecond, each a chore that
 * queues up behind what others want of the pool meanwhile. A journey costs some
 * microseconds, so shifts cost next to nothing; all at once would keep one of
 * few threads for as long as it takes.
 */
#ifndef AVOW_SLICED_WORK_H
#define AVOW_SLICED_WORK_H

#include "uv/work.h"

typedef struct avow__shifts_s avow__shifts_t;

struct avow__shifts_s {
  uv_loop_t *loop;
  uint32_t refs;
  /* On the pool's thread, one at a time: a part of the work. Gives none for
     another shift, else the end. */
  avow_value_t (*shift)(avow__shifts_t *shifts);
  /* On the loop's thread, after each shift, also if `chore` is unwanted; NULL
     for nothing. */
  void (*after)(avow__shifts_t *shifts);
  /* On the loop's thread: lets go of it all. */
  void (*free_fn)(avow__shifts_t *shifts);
  uint64_t wait;     /* before the next shift, in ms; shift's to set */
  uint64_t deadline; /* of this shift */
  /* Of this shift; NULL where nobody waits in a queue. */
  const avow__chore_t *chore;
};

/* Zeroed, of size bytes, with one reference; NULL without memory. */
void *avow__shifts_new(uv_loop_t *loop, size_t size);

/* Starts one shift; settles with what it gives. Rejected at once if there is no
   memory for it. */
avow_promise_t *avow__shift_start(avow__shifts_t *shifts);

/* Settles with the last shift's end. Takes a reference. */
avow_promise_t *avow__shifts_start(avow__shifts_t *shifts);

/* Lets go, as avow_attach() wants it: data is the shifts. */
void avow__shifts_unref(void *data);

/* Whether a shift is to end: its time is up, or nobody wants it any more. */
bool avow__shifts_is_over(const avow__shifts_t *shifts);

#endif
