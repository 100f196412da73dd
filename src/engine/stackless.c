/*
 * Functions that wait, without stacks: a promise and the step that settles it.
 * In the queue and for those who cancel, its promise is what an async
 * function's is; its job is that of a then whose handler may wait again.
 */
#include "avow/stackless.h"

#include "engine/engine.h"
#include "fiber/exceptions.h"

_Static_assert(sizeof(avow_frame_t) == sizeof(int), "final");

/* What the step returned: a promise to await if it notes a line, else all. */
static void stackless_go_on(avow__context_t *c, avow_promise_t *p,
                            avow_promise_t *from, avow_value_t result) {
  const avow_frame_t *frame = p->data;
  if (frame->line == 0) {
    avow__finish_handler(p, from, result);
    return;
  }
  p->upstream = NULL;
  avow__unref(from);
  avow__wait_for(c, p, AVOW__STACKLESS, avow__awaited(c, result));
}

avow_promise_t *avow_stackless(uv_loop_t *loop, avow_cb step,
                               avow_frame_t *frame) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (step == NULL || frame == NULL)
    return avow__refuse(loop, UV_EINVAL, "stackless", NULL);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__RUNNING);
  if (p == NULL)
    return avow__no_promise(c);
  frame->line = 0;
  avow__seen_function(c, p, "stackless");
  p->u.then.on_fulfilled = step;
  p->data = frame;
  const avow_value_t none = avow_none();
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  avow__seen_task(c);
  avow__enter_call(c);
  avow__fiber_t *fiber = avow__fiber_hide();
  const avow_value_t result = step(&none, frame);
  avow__fiber_show(fiber);
  inside = false;
  if (frame->line == 0)
    avow__finish(p, result);
  else
    avow__wait_for(c, p, AVOW__STACKLESS, avow__awaited(c, result));
  avow__leave_queue(c); /* no callback runs inside this call */
  return p;
}

/* The loop closes, and the function awaits on and on. */
static void stackless_abandon(avow_promise_t *p) {
  const avow_value_t dropped = avow__take_upstream(p);
  p->kind = AVOW__RUNNING; /* to its end */
  avow__seen_resumed(avow__context(p), p);
  avow__settle(p, avow_error(UV_ECANCELED));
  avow__unref(p);
  avow__value_unref(dropped); /* last: it may call the program */
}

void avow__stackless_run(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow_promise_t *from = p->upstream;
  if (c->life == AVOW__DEAF) {
    stackless_abandon(p);
    return;
  }
  p->kind = AVOW__RUNNING;
  avow__seen_resumed(c, p);
  stackless_go_on(c, p, from, p->u.then.on_fulfilled(&from->u.value, p->data));
}
