/*
 * Long work on the thread pool: in turns of a millisecond, each a job that
 * queues up behind what others want of the pool meanwhile. A journey costs some
 * microseconds, so turns cost next to nothing; all at once would keep one of
 * few threads for as long as it takes.
 */
#ifndef AVOW_TURNS_H
#define AVOW_TURNS_H

#include "io/work.h"

typedef struct avow__turns_s avow__turns_t;

enum { AVOW__TURN = 1000 * 1000 }; /* in ns */

struct avow__turns_s {
  uv_loop_t *loop;
  uint32_t refs;
  /* On the pool's thread, one at a time: a part of the work. Gives none for
     another turn, else the end. */
  avow_value_t (*turn)(avow__turns_t *turns);
  /* On the loop's thread, after each turn that is wanted; NULL for nothing. */
  void (*after)(avow__turns_t *turns);
  /* On the loop's thread: lets go of it all. */
  void (*free_fn)(avow__turns_t *turns);
  uint64_t wait;          /* before the next turn, in ms; turn's to set */
  uint64_t deadline;      /* of this turn */
  const avow__job_t *job; /* of this turn; NULL where nobody waits in a queue */
};

/* Zeroed, of size bytes, with one reference; NULL without memory. */
void *avow__turns_new(uv_loop_t *loop, size_t size);

/* Settles with the last turn's end. Takes a reference. */
avow_promise_t *avow__turns_start(avow__turns_t *turns);

/* As avow_attach() wants it: data is the turns. */
void avow__turns_unref(void *data);

/* Whether a turn is to end: its time is up, or nobody wants it any more. */
bool avow__turns_is_over(const avow__turns_t *turns);

#endif
