/* SPDX-License-Identifier: MIT */
/*
 * Long work on the thread pool, in shifts of a millisecond. Each shift is a
 * chore that queues behind other work. Queueing a shift costs some
 * microseconds, so shifts are cheap. A single long chore would occupy one of
 * few threads until it ends.
 */
#ifndef AVOW_SLICED_WORK_H
#define AVOW_SLICED_WORK_H

#include "uv/work.h"

typedef struct avow__shifts_s avow__shifts_t;

struct avow__shifts_s {
  uv_loop_t *loop;
  uint32_t refs;
  /* Runs a part of the work on a thread of the pool, one at a time. Returns
     NONE to request another shift, or else the outcome. */
  avow_value_t (*shift)(avow__shifts_t *shifts);
  /* Called on the loop's thread after each shift, even if `chore` is unwanted.
     NULL: no call is needed. */
  void (*after)(avow__shifts_t *shifts);
  /* Called on the loop's thread to release the contents. */
  void (*free_fn)(avow__shifts_t *shifts);
  uint64_t wait;     /* before the next shift, in ms; set by `shift` */
  uint64_t deadline; /* of the current shift */
  /* Chore of the current shift. NULL: the work does not run in a chore. */
  const avow__chore_t *chore;
};

/* Allocates `size` zeroed bytes with one reference. Returns NULL if out of
   memory. */
void *avow__shifts_new(uv_loop_t *loop, size_t size);

/* Starts one shift. Settles as the value that the shift returns. The promise is
   already rejected if out of memory. */
avow_promise_t *avow__shift_start(avow__shifts_t *shifts);

/* Starts the work. Settles as the outcome of the last shift. Takes ownership of
   a reference. */
avow_promise_t *avow__shifts_start(avow__shifts_t *shifts);

/* Releases a reference. The type of `data` is that of avow_attach(). */
void avow__shifts_unref(void *data);

/* Whether the current shift must end, because its time is up or the work is no
   longer wanted. */
bool avow__shifts_is_over(const avow__shifts_t *shifts);

#endif
