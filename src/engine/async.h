/* SPDX-License-Identifier: MIT */
/* The job of an async function, for the loop that runs jobs. */
#ifndef AVOW_ASYNC_PRIVATE_H
#define AVOW_ASYNC_PRIVATE_H

#include "engine/await.h"
#include "engine/settle.h"

/* The function has returned. */
void avow__async_finish(avow__context_t *c, avow__fiber_t *f,
                        avow_value_t result);

/* The loop closes, and the function awaits on and on: it is left where it
   stands. */
void avow__async_abandon(avow__context_t *c, avow__fiber_t *f);

/* Resumes f with v. `jobs` is how many jobs may still run, with this one.
   Returns how many may run then, because an await may count as a job:
   is_next(). */
static inline unsigned avow__async_go_on(avow__context_t *c, avow__fiber_t *f,
                                         avow_value_t v, unsigned jobs) {
  f->jobs = jobs;
  v = avow__fiber_resume(c->fibers.now, f, v);
  jobs = f->jobs;
  if (AVOW__UNLIKELY(f->over))
    avow__async_finish(c, f, v);
  return jobs;
}

/* Resumes the function of p with what it awaited. It is inline, because the
   processor cannot predict a return after a change of stacks. */
static inline unsigned avow__async_run(avow__context_t *c, avow_promise_t *p,
                                       unsigned jobs) {
  avow__fiber_t *f = p->data;
  if (AVOW__UNLIKELY(c->life == AVOW__NO_HANDLERS)) {
    avow__async_abandon(c, f);
    return jobs;
  }
  avow__deliver_cancel_async(p);
  p->kind = AVOW__RUNNING;
  avow__probe_resumed(c, p);
  return avow__async_go_on(c, f, avow__take_upstream(p), jobs);
}

#endif
