/* SPDX-License-Identifier: MIT */
/*
 * Timing jobs. Only loops with a limit on the time of jobs use this. chain.c
 * runs the jobs of other loops without it. Without a hook, checked builds print
 * one line for each function with slow jobs, but only a few for each loop.
 */
#include "engine/slow_job.h"

#include <inttypes.h>

#include "base/check_clock.h"
#include "engine/name.h"
#include "engine/parent.h"
#include "engine/unhandled.h"
#include "engine/virtual_clock.h"

enum { US = 1000, TENTHS = US / 10, PLACE = 256 };

typedef avow__function_t function_t;

/* The least slow_us for which the coarse clock is good enough. */
enum { COARSE = 20000 };

static function_t reaction_of(const avow_promise_t *p) {
  assert(p->upstream != NULL);
  const bool failed = avow__state(p->upstream) == AVOW_REJECTED;
  return (function_t) (failed ? p->u.then.on_rejected : p->u.then.on_fulfilled);
}

static function_t child_function(const avow__parent_t *parent) {
  return parent->klass->function != NULL ? parent->klass->function(parent)
                                         : NULL;
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
  case AVOW__CHILD:
    return child_function(p->u.child.parent);
#ifndef AVOW_NO_ASYNC
  case AVOW__ASYNC:
    return (function_t) ((const avow__fiber_t *) p->data)->fn;
#endif
  default:
    return NULL;
  }
}

#if AVOW__DEBUG
static uint64_t read_clock(const avow__context_t *c) {
  const bool exact = c->options.on_slow != NULL || c->options.slow_us < COARSE;
  return exact ? uv_hrtime() : avow__check_clock();
}
#else
#  define read_clock(c) uv_hrtime()
#endif

void avow__slow_open(const avow__context_t *c, avow__slow_t *slow) {
  slow->began = read_clock(c);
}

void avow__slow_begin(avow__slow_t *slow, const avow_promise_t *p) {
  slow->kind = avow__kinds[p->kind].name;
  slow->name = avow__name_of(p);
  if (slow->name == NULL && p->upstream != NULL)
    slow->name = avow__name_of(p->upstream);
  slow->fn = function_of(p);
  slow->caller = avow__caller_of(p);
}

#if AVOW__DEBUG
static bool is_news(avow__context_t *c, function_t fn) {
  const size_t most = sizeof(c->slow_told) / sizeof(c->slow_told[0]);
  for (uint8_t i = 0; i < c->slow_count; i++)
    if (c->slow_told[i] == fn)
      return false;
  if (c->slow_count == most)
    return false;
  c->slow_told[c->slow_count++] = fn;
  return true;
}

static void slow_advise(avow__context_t *c, const avow__slow_t *slow,
                        uint64_t us) {
  if (!is_news(c, slow->fn))
    return;
  char made[PLACE] = ""; /* avow__symbol_text() has only one text at a time */
  if (slow->caller != NULL)
    (void) snprintf(made, sizeof(made), ", promise made in %s",
                    avow__symbol_text(slow->caller)); /* may be cut */
  const union {
    function_t fn;
    const void *place;
  } at = { .fn = slow->fn };
  const char *in = avow__symbol_text(at.place);
  const char *name = slow->name;
  avow__advise("job of %s%s%s%s blocked the loop for %" PRIu64 ".%" PRIu64
               " ms%s%s%s; run long work with avow_work(), or yield with "
               "avow_next_iteration()",
               slow->kind, name != NULL ? " '" : "", name != NULL ? name : "",
               name != NULL ? "'" : "", us / US, us % US / TENTHS,
               in != NULL ? " in " : "", in != NULL ? in : "", made);
}
#else
#  define slow_advise(c, slow, us) ((void) 0)
#endif

/* The time that the hook takes belongs to no job. */
static AVOW__APART void slow_tell(avow__context_t *c, avow__slow_t *slow,
                                  uint64_t us) {
  c->slow_jobs++;
  if (c->options.on_slow == NULL) {
    slow_advise(c, slow, us);
    return;
  }
  const avow_job_t job = { .kind = slow->kind,
                           .name = slow->name,
                           .where = avow__symbol_text(slow->caller),
                           .fn = slow->fn,
                           .us = us };
  avow__fiber_t *fiber = avow__hook_enter(c);
  c->options.on_slow(c->loop, &job, c->options.data);
  avow__hook_leave(c, fiber);
  slow->began = read_clock(c);
}

void avow__slow_end(avow__context_t *c, avow__slow_t *slow) {
  const uint64_t now = read_clock(c);
  const uint64_t us = avow__elapsed(slow->began, now) / US;
  slow->began = now;
  if (us > c->longest_job)
    c->longest_job = us;
  if (us > c->options.slow_us)
    slow_tell(c, slow, us);
}
