/* SPDX-License-Identifier: MIT */
/* The job of an async function: chain.c runs it. */
#ifndef AVOW_ASYNC_PRIVATE_H
#define AVOW_ASYNC_PRIVATE_H

#include "engine/await.h"
#include "engine/settle.h"

/* Settles the promise of f, because the function has returned `result`. */
void avow__async_finish(avow__context_t *c, avow__fiber_t *f,
                        avow_value_t result);

/* Ends a function that awaits again and again while the loop closes. The
   function never resumes: its stack is discarded. */
void avow__async_abandon(avow__context_t *c, avow__fiber_t *f);

/* Resumes f with v. `jobs` is the number of jobs that may still run, including
   this one. Returns that number, less the awaits that counted as jobs: see
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

/* Resumes the function of p with the outcome that it awaited. This is inline
   because the processor cannot predict a return after a change of stacks. */
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
