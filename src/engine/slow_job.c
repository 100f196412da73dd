/* SPDX-License-Identifier: MIT */
/*
 * Timing jobs. Only loops with a limit on the time of jobs use this. chain.c
 * runs the jobs of other loops without it.
 */
#include "engine/slow_job.h"

#include "engine/name.h"
#include "engine/unhandled.h"
#include "engine/virtual_clock.h"

enum { SLOW_US = 1000 };

typedef void (*function_t)(void);

static function_t reaction_of(const avow_promise_t *p) {
  assert(p->upstream != NULL);
  const bool failed = avow__state(p->upstream) == AVOW_REJECTED;
  return (function_t) (failed ? p->u.then.on_rejected : p->u.then.on_fulfilled);
}

/* The function of the program that the job will call; NULL if it is unknown
   now. */
static function_t function_of(const avow_promise_t *p) {
  switch (p->kind) {
  case AVOW__THEN:
    return reaction_of(p);
  case AVOW__CLOSURE:
  case AVOW__STACKLESS:
    return (function_t) p->u.then.on_fulfilled;
  case AVOW__ON_SETTLED:
    return (function_t) p->u.on_settled;
  case AVOW__FINALLY:
  case AVOW__STEP:
  case AVOW__REPEAT:
    return (function_t) p->u.fn;
  case AVOW__ATTACH:
    return (function_t) p->u.free_fn;
  case AVOW__GRANTED:
    return (function_t) p->u.permit.fn;
#ifndef AVOW_NO_ASYNC
  case AVOW__ASYNC:
    return (function_t) ((const avow__fiber_t *) p->data)->fn;
#endif
  default:
    return NULL;
  }
}

void avow__slow_open(avow__slow_t *slow) {
  slow->began = uv_hrtime();
}

void avow__slow_begin(avow__slow_t *slow, const avow_promise_t *p) {
  slow->kind = avow__kinds[p->kind].name;
  slow->name = avow__name_of(p);
  if (slow->name == NULL && p->upstream != NULL)
    slow->name = avow__name_of(p->upstream);
  slow->fn = function_of(p);
  slow->caller = avow__caller_of(p);
}

/* The time that the hook takes belongs to no job. */
static AVOW__APART void slow_tell(avow__context_t *c, avow__slow_t *slow,
                                  uint64_t us) {
  c->slow_jobs++;
  if (c->options.on_slow == NULL)
    return;
  const avow_job_t job = { .kind = slow->kind,
                           .name = slow->name,
                           .where = avow__symbol_text(slow->caller),
                           .fn = slow->fn,
                           .us = us };
  avow__fiber_t *fiber = avow__hook_enter(c);
  c->options.on_slow(c->loop, &job, c->options.data);
  avow__hook_leave(c, fiber);
  slow->began = uv_hrtime();
}

void avow__slow_end(avow__context_t *c, avow__slow_t *slow) {
  const uint64_t now = uv_hrtime();
  const uint64_t us = avow__elapsed(slow->began, now) / SLOW_US;
  slow->began = now;
  if (us > c->longest_job)
    c->longest_job = us;
  if (us > c->options.slow_us)
    slow_tell(c, slow, us);
}
