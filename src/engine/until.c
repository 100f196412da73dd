/* SPDX-License-Identifier: MIT */
/*
 * avow_until(): waiting until a second promise settles. The new promise is a
 * reaction to p. Its data is another reaction, to the stop. If the stop settles
 * first, p is canceled, and the reason is kept until p has unwound. After that
 * no handler of p runs any more, so what the handlers use may be freed. If
 * others hold p, it goes on, and there is nothing to wait for. If the stop has
 * settled already, all of this happens in the call: what p has not begun yet
 * never begins.
 */
#include "engine/until.h"

#include "avow/cancel.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/gather.h"
#include "engine/nomem.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "engine/timer.h"
#include "engine/virtual_clock.h"

static uv_once_t until_kinds = UV_ONCE_INIT;

/* Drops the reaction to the stop, and cancels a stop without other holders,
   such as the timer of a timeout. */
static void drop_stop(avow_promise_t *p) {
  avow_promise_t *stopper = p->data;
  if (stopper == NULL)
    return;
  avow__context_t *c = avow__context(p);
  p->data = NULL;
  avow__element_drop(stopper, &c->cancel.to_cancel);
  avow__cancel_listed(c);
}

static void until_run(avow_promise_t *p) {
  const avow_value_t outcome = avow__take_upstream(p);
  const bool stopped = p->kind == AVOW__STOPPED;
  avow__settle(p, stopped ? p->u.value : outcome);
  if (stopped)
    avow__value_unref(outcome);
  drop_stop(p); /* this may lead back to p */
  avow__unref(p);
}

static void until_detached(avow_promise_t *p) {
  avow__settle(p, avow__canceled(avow__context(p)));
  drop_stop(p); /* this may lead back to p */
  avow__unref(p);
}

static void stopped_detached(avow_promise_t *p) {
  const avow_value_t reason = p->u.value;
  avow__detached(p);
  avow__value_unref(reason); /* last, because it may call the program */
}

static void until_leave_to_others(avow_promise_t *p, avow_value_t reason) {
  avow_promise_t *from = p->upstream;
  avow__withdraw(p);
  p->upstream = NULL;
  avow__unref(from);
  avow__settle(p, reason);
  avow__unref(p);
}

static void until_stop(avow_promise_t *p, avow_value_t reason) {
  if (avow__is_shared(p->upstream)) {
    until_leave_to_others(p, reason);
    return;
  }
  p->kind = AVOW__STOPPED;
  p->u.value = reason;
  avow__cancel_for(p->upstream, avow__limit_reason(avow__context(p), &reason));
}

static void stopper_run(avow_promise_t *stopper) {
  avow_promise_t *p = stopper->u.until;
  avow_value_t reason = avow__take_upstream(stopper);
  avow__pool_free(&avow__context(p)->pool, stopper);
  p->data = NULL;
  const bool in_time = avow__is_pending(p->upstream); /* else p is queued */
  const bool fails = in_time && avow_is_error(&reason);
  if (in_time)
    until_stop(p, fails ? reason : avow_error(UV_ECANCELED));
  if (!fails)
    avow__value_unref(reason); /* last, because it may call the program */
}

static avow_promise_t *until_begin(avow_promise_t *p, avow_promise_t *from,
                                   avow_promise_t *stopper,
                                   avow_promise_t *stop_promise) {
  p->data = stopper;
  p->upstream = from;
  stopper->u.until = p;
  stopper->upstream = stop_promise;
  avow__subscribe(p);
  if (avow__is_pending(stop_promise)) {
    avow__subscribe(stopper);
  } else {
    avow__mark_handled(stop_promise);
    stopper_run(stopper);
  }
  return p;
}

static void set_until_kinds(void) {
  avow__kinds[AVOW__UNTIL] =
      (avow__kind_row_t){ .name = "until",
                          .run = until_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = until_detached };
  avow__kinds[AVOW__STOPPED] =
      (avow__kind_row_t){ .name = "until",
                          .run = until_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = stopped_detached };
  avow__kinds[AVOW__STOPPER] =
      (avow__kind_row_t){ .name = "stop", .run = stopper_run };
}

avow_promise_t *avow__until(avow_promise_t *from, avow_promise_t *stop_p) {
  avow__check_taken(from);
  avow__context_t *c = avow__context(from);
  avow__check_thread(c);
  if (!avow__same_loop(c, stop_p)) {
    avow_unref(stop_p);
    stop_p = avow_promise_reject(c->loop, avow_error(AVOW_EMISUSE));
  }
  uv_once(&until_kinds, set_until_kinds);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__UNTIL);
  avow_promise_t *stopper = avow__promise_alloc(c, AVOW__STOPPER);
  if (p != NULL && stopper != NULL)
    return until_begin(p, from, stopper, stop_p);
  if (p != NULL)
    avow__pool_free(&c->pool, p);
  if (stopper != NULL)
    avow__pool_free(&c->pool, stopper);
  if (!avow__is_shared(stop_p)) /* a time limit would keep the loop alive */
    avow__cancel(stop_p);
  avow_unref(stop_p);
  return avow__fail_nomem(c, from);
}

avow_promise_t *avow_until(avow_promise_t *p, const avow_promise_t *stop_p) {
  avow__check_taken(p);
  p = avow__given(p, "promise");
  stop_p = avow__given(stop_p, "stop promise");
  return avow__until(p, avow__ref(stop_p));
}

/* A closed loop has no timers, and only its context is left. */
static avow_promise_t *limit_new(avow__context_t *c, uint64_t ms) {
  return c->life != AVOW__CLOSED ? avow__time_limit(c, avow__present(c), ms)
                                 : avow__no_promise(c);
}

avow_promise_t *avow_timeout(avow_promise_t *p, uint64_t ms) {
  avow__check_taken(p);
  p = avow__given(p, "promise");
  return avow__until(p, limit_new(avow__context(p), ms));
}
