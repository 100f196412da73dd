/* SPDX-License-Identifier: MIT */
/* avow_repeat(): a step that is called again, in a job of its own each time,
   until it returns a value other than NONE. */
#include "engine/await.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/check_stack.h"
#include "engine/promise.h"
#include "engine/settle.h"

static void step_run(avow_promise_t *p) {
  if ((p->flags & AVOW__CANCELED) != 0) {
    avow__resolve(p, avow_error(UV_ECANCELED));
    return;
  }
  p->kind = AVOW__RUNNING;
  const avow_value_t result = p->u.fn(p->data);
  if (result.tag >= AVOW_PROMISE) {
    avow__context_t *c = avow__context(p);
    avow__wait_for(c, p, AVOW__REPEAT, avow__promise_of(c, result));
  } else if (result.tag != AVOW_NONE) {
    avow__resolve(p, result);
  } else {
    p->kind = AVOW__STEP;
    avow__enqueue(avow__context(p), p);
  }
}

static void repeat_run(avow_promise_t *p) {
  const avow_value_t result = avow__take_upstream(p);
  if (result.tag == AVOW_NONE)
    step_run(p);
  else
    avow__resolve(p, result);
}

static void set_repeat_kinds(void) {
  avow__kinds[AVOW__STEP] =
      (avow__kind_row_t){ .name = "repeat",
                          .is_root = true,
                          .run = step_run,
                          .cancel_from = avow__cancel_queued };
  avow__kinds[AVOW__REPEAT] =
      (avow__kind_row_t){ .name = "repeat",
                          .run = repeat_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = avow__detached };
}

static uv_once_t repeat_kinds = UV_ONCE_INIT;

avow_promise_t *avow_repeat(uv_loop_t *loop, avow_fn step, void *data) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow__check_data(c, data);
  if (step == NULL)
    return avow__refuse(loop, UV_EINVAL, "repeat", NULL);
  uv_once(&repeat_kinds, set_repeat_kinds);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__STEP);
  if (p == NULL)
    return avow__no_promise(c);
  p->u.fn = step;
  p->data = data;
  avow__enqueue(c, p);
  return p;
}
