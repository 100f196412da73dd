/* SPDX-License-Identifier: MIT */
/* Iterations, events and jobs: when the jobs of a loop run. */
#ifndef AVOW_TICK_H
#define AVOW_TICK_H

#include "base/thread_id.h"
#include "engine/context.h"
#include "fiber/exceptions.h"

bool avow__tick_init(avow__context_t *c);

/* Whether the handles of tick.c are on the loop of c. */
bool avow__tick_is_there(const avow__context_t *c);

/* Begins a callback of avow. avow__leave() ends it, and the outermost one
   drains the queue. */
void avow__enter(avow__context_t *c);

/* Begins a call of the program. The call may be on any thread as long as the
   loop does not run. */
static inline void avow__enter_call(avow__context_t *c) {
  c->depth++;
  c->awake = true;
}

void avow__leave(avow__context_t *c);

/* Whether the iteration may run more jobs. Grants a further allowance when the
   last one is spent. */
bool avow__iteration_goes_on(avow__context_t *c);

/* Runs the queued jobs between two tasks of one callback, unless another
   callback of avow is on the stack. */
static inline void avow__end_task(avow__context_t *c) {
  if (c->depth == 1 && !avow__queue_is_empty(&c->queue))
    avow__exceptions_stop(c->run_jobs, c);
}

/* Whether a source may deliver one more event. Each source may deliver one
   event in an iteration, and more while the budget lasts. The source keeps
   `iteration`, the number of the iteration in which it delivered its last
   event. */
static inline bool avow__may_deliver(avow__context_t *c, uint64_t *iteration) {
  if (c->budget.allowance == 0 && *iteration == c->budget.iteration &&
      !avow__iteration_goes_on(c))
    return false;
  *iteration = c->budget.iteration;
  return true;
}

/* Whether a source that has just delivered a task may deliver the next one,
   too. */
static inline bool avow__may_go_on(avow__context_t *c) {
  return c->budget.allowance > 0 || avow__iteration_goes_on(c);
}

/* The time that sleeps count from: the cached time in callbacks of avow.
   Outside of them, the cached time may be old, so it is the present time. */
uint64_t avow__sleep_start(avow__context_t *c);

/* Ends a call of the program. The queued jobs must wait. */
void avow__leave_queue(avow__context_t *c);

/* Stops the loop if it is run by an avow_run() whose promise has settled. */
void avow__stop_if_settled(avow__context_t *c);

/* Records that this thread runs the loop, if avow__port_watch() was called. */
static inline void avow__note_thread(const avow__context_t *c) {
  if (AVOW__UNLIKELY(c->threads.loop_thread != NULL))
    atomic_store_explicit(c->threads.loop_thread, avow__here(),
                          memory_order_relaxed);
}

/* Makes sure that the queue will be drained. */
void avow__wake(avow__context_t *c);

#endif
