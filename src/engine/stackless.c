/* SPDX-License-Identifier: MIT */
/*
 * Functions that wait, without stacks: a promise and the step that settles it.
 * For the queue and for cancellation, the promise is like that of an async
 * function. Its job is like that of a then whose handler may wait again. A
 * function that owns its frame has its step as on_rejected, too.
 */
#include "avow/closure.h"
#include "engine/await.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/promise.h"

#include "engine/settle.h"
#include "fiber/exceptions.h"

static uv_once_t stackless_kinds = UV_ONCE_INIT;

_Static_assert(sizeof(avow_frame_t) == sizeof(int), "ABI");

/* Tells a step that owns its frame that no other step will run. */
static void stackless_end(avow_promise_t *p) {
  assert(p->kind == AVOW__RUNNING);
  if (p->u.then.on_rejected != NULL)
    avow__value_unref(p->u.then.on_rejected(NULL, p->data));
}

static void stackless_wait(avow__context_t *c, avow_promise_t *p,
                           avow_value_t result) {
  avow__wait_for(c, p, AVOW__STACKLESS, avow__promise_of(c, result));
}

/* Continues with the result of a step. If the frame has a line, the result is a
   promise to await. Otherwise it is the result of the function. */
static void stackless_go_on(avow__context_t *c, avow_promise_t *p,
                            avow_promise_t *from, avow_value_t result) {
  const avow_frame_t *frame = p->data;
  if (frame->line == 0) {
    stackless_end(p);
    avow__finish_handler(p, from, result);
    return;
  }
  p->upstream = NULL;
  avow__unref(from);
  stackless_wait(c, p, result);
}

/* Runs the first step, which gets no outcome. */
static void stackless_begin(avow__context_t *c, avow_promise_t *p) {
  const avow_frame_t *frame = p->data;
  const avow_value_t none = avow_none();
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  avow__probe_task(c);
  avow__enter_call(c);
  avow__fiber_t *fiber = avow__fiber_hide();
  const avow_value_t result = p->u.then.on_fulfilled(&none, p->data);
  const bool over = frame->line == 0;
  if (over)
    stackless_end(p);
  avow__fiber_show(fiber);
  inside = false;
  if (over)
    avow__finish(p, result);
  else
    stackless_wait(c, p, result);
  avow__leave_queue(c); /* no callback runs inside this call */
}

/* Ends a function that awaits again and again while the loop closes. */
static void stackless_abandon(avow_promise_t *p) {
  const avow_value_t dropped = avow__take_upstream(p);
  p->kind = AVOW__RUNNING; /* until it settles */
  avow__probe_resumed(avow__context(p), p);
  stackless_end(p);
  avow__settle(p, avow_error(UV_ECANCELED));
  avow__unref(p);
  avow__value_unref(dropped); /* last, because it may call the program */
}

static void stackless_run(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow_promise_t *from = p->upstream;
  if (c->life == AVOW__NO_HANDLERS) {
    stackless_abandon(p);
    return;
  }
  avow__deliver_cancel_async(p);
  p->kind = AVOW__RUNNING;
  avow__probe_resumed(c, p);
  stackless_go_on(c, p, from, p->u.then.on_fulfilled(&from->u.value, p->data));
}

static void set_stackless_kinds(void) {
  avow__kinds[AVOW__STACKLESS] =
      (avow__kind_row_t){ .name = "stackless",
                          .run = stackless_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = avow__detached_runs };
}

static avow_promise_t *stackless_new(uv_loop_t *loop, avow_cb step,
                                     avow_frame_t *frame, const char *what,
                                     const char *called) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread_in(c, called);
  if (step == NULL || frame == NULL)
    return avow__refuse(loop, UV_EINVAL, what, NULL);
  uv_once(&stackless_kinds, set_stackless_kinds);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__RUNNING);
  if (p == NULL)
    return avow__no_promise(c);
  frame->line = 0;
  avow__probe_named(c, p, what);
  p->u.then.on_fulfilled = step;
  p->u.then.on_rejected = NULL;
  p->data = frame;
  return p;
}

avow_promise_t *avow_stackless(uv_loop_t *loop, avow_cb step,
                               avow_frame_t *frame) {
  avow__check_ready(loop);
  avow_promise_t *p =
      stackless_new(loop, step, frame, "stackless", AVOW__CALLED);
  if (avow__is_pending(p))
    stackless_begin(avow__context(p), p);
  return p;
}

avow_promise_t *avow_coroutine_new(uv_loop_t *loop, avow_cb step,
                                   avow_frame_t *frame) {
  avow__check_ready(loop);
  avow_promise_t *p =
      stackless_new(loop, step, frame, "coroutine", AVOW__CALLED);
  if (avow__is_pending(p))
    p->u.then.on_rejected = step;
  return p;
}

bool avow_coroutine_start(const avow_promise_t *borrowed) {
  avow_promise_t *p = avow__given(borrowed, "promise");
  avow__check_thread(avow__context(p));
  if (p->kind != AVOW__RUNNING || !avow__is_pending(p))
    return false;
  stackless_begin(avow__context(p), p);
  return true;
}
