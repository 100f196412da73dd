/* SPDX-License-Identifier: MIT */
/*
 * Rejections without a handler, which are reported to the program's hooks.
 */
#include "engine/unhandled.h"

#include "engine/name.h"
#include "engine/origin.h"
#include "fiber/exceptions.h"

avow__fiber_t *avow__hook_enter(avow__context_t *c) {
  c->pins++;
  return avow__fiber_hide();
}

void avow__hook_leave(avow__context_t *c, avow__fiber_t *fiber) {
  avow__fiber_show(fiber);
  c->pins--;
}

static void call_tracker(avow__context_t *c, avow_track_cb hook,
                         avow_promise_t *p) {
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  avow__fiber_t *fiber = avow__hook_enter(c);
  hook(c->loop, p, c->options.data);
  avow__hook_leave(c, fiber);
  inside = false;
}

void avow__track_reject(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  if ((p->flags & AVOW__HANDLED) == 0)
    call_tracker(c, c->options.on_reject, p);
}

void avow__track_handle(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  call_tracker(c, c->options.on_handle, p);
}

static bool is_unhandled(const avow_promise_t *p) {
  return avow__state(p) == AVOW_REJECTED && (p->flags & AVOW__HANDLED) == 0 &&
         p->u.value.code != UV_ECANCELED &&
         !avow__error_is_of_cancel(&p->u.value);
}

void avow__report_unhandled(avow_promise_t *p) {
  if (!is_unhandled(p))
    return;
  p->flags |= AVOW__HANDLED;
  avow__context_t *c = avow__context(p);
  const avow_options_t *options = &c->options;
  const char *where = avow__where(p);
  if (where == NULL)
    where = avow__name_of(p);
  avow__fiber_t *fiber = avow__hook_enter(c);
  options->on_unhandled(c->loop, &p->u.value, where, options->data);
  avow__hook_leave(c, fiber);
}
