/* SPDX-License-Identifier: MIT */
/* avow_run(): runs the loop until a promise has settled, and returns its
   outcome. */
#include "engine/close_report.h"
#include "engine/promise.h"
#include "engine/settle.h"

static avow_value_t give(avow_promise_t *p) {
  const avow__context_t *c = avow__context(p);
  if (avow__state(p) == AVOW_FULFILLED && c->life != AVOW__CLOSED)
    return avow__take_outcome(p);
  const avow_value_t v = avow_value_ref(avow_result(p));
  avow_unref(p);
  return v;
}

/* If a timer settles p, uv_run() polls before it returns, and that poll may
   last forever. So avow__leave_queue() stops the loop. */
static bool run_once(avow__context_t *c, const avow_promise_t *p) {
  c->run_for = p;
  const bool alive = uv_run(c->loop, UV_RUN_ONCE) != 0;
  c->run_for = NULL;
  return alive || !avow__queue_is_empty(&c->queue);
}

/* Runs the loop until p has settled or nothing is left to do. The caller may be
   a callback of the program inside an outer avow_run(). Then `run_for` is p
   only, because the promise of the outer call must not stop these
   iterations. */
static void run_loop(avow__context_t *c, const avow_promise_t *p) {
  const avow_promise_t *outer = c->run_for;
  c->run_for = NULL;
  bool alive = true;
  while (avow__is_pending(p) && alive) {
    c->time_is_old = true;
    avow__enter(c);
    avow__leave(c);
    if (avow__is_pending(p))
      alive = run_once(c, p);
  }
  c->run_for = outer;
  avow__stop_if_settled(c);
}

#if AVOW__DEBUG
/* Returns the frame of an outer avow_run(). */
static const void *begin_run(avow__context_t *c, const void *frame) {
  const void *outer = c->stack_top;
  c->runs++;
  c->was_run = true;
  c->stack_top = frame;
  return outer;
}

static void end_run(avow__context_t *c, const void *outer) {
  c->runs--;
  c->stack_top = outer;
  if (c->options.changes_threads)
    c->thread = 0;
}
#else
#  define begin_run(c, frame) NULL
#  define end_run(c, outer)   ((void) (outer))
#endif

avow_value_t avow_run(avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_taken(p);
  avow__context_t *c = avow__context(p);
  avow__check_runner(c, AVOW__CALLED);
  if (c->depth > 0) {
    avow__misuse(
        "avow_run(): called inside a callback, or a callback was left by "
        "longjmp(); return avow_follow(promise) or call avow_then(); in an "
        "async function, call avow_await()");
    avow_unref(p);
    return avow_error(AVOW_EMISUSE);
  }
  const void *outer = begin_run(c, AVOW__FRAME);
  if (avow__is_pending(p))
    run_loop(c, p);
  end_run(c, outer);
  if (!avow__is_pending(p))
    return give(p);
  avow__check_handles(c);
  avow__report_idle(p);
  avow_unref(p);
  return avow_error(AVOW_EIDLE);
}
