/* SPDX-License-Identifier: MIT */
/*
 * avow_finally(): a handler that runs for either outcome. The outcome passes on
 * after the handler's result has settled (ECMA-262, Promise.prototype.finally).
 */
#include "engine/await.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/chain.h"
#include "engine/check_stack.h"
#include "engine/nomem.h"
#include "engine/promise.h"
#include "engine/settle.h"

/* Waits for the result of the finally handler. ECMA-262 makes two promises
   here: PromiseResolve of the result, and one that passes on the outcome. p
   stands for both and has their jobs, one after the other. */
static void await_result(avow_promise_t *p, avow_value_t outcome,
                         avow_value_t result) {
  avow__context_t *c = avow__context(p);
  p->kind = AVOW__FINALLY_WAIT;
  p->reach = p->u.reach;
  p->u.value = outcome;
  if (result.tag >= AVOW_PROMISE) {
    p->upstream = avow__promise_of(c, result);
    avow__subscribe(p);
  } else {
    avow__value_unref(result);
    avow__enqueue(c, p);
  }
}

static bool is_cancellation(const avow_value_t *v) {
  return avow_error_code(v) == UV_ECANCELED;
}

static void finally_run(avow_promise_t *p) {
  avow__deliver_cancel(p);
  const avow_value_t outcome = avow__take_upstream(p);
  p->kind = AVOW__RUNNING;
  const avow_value_t result = p->u.fn(p->data);
  if (!avow_is_error(&result)) {
    await_result(p, outcome, result);
    return;
  }
  if (is_cancellation(&outcome) && !is_cancellation(&result))
    avow__cancel_below(p, p->u.reach, outcome);
  avow__value_unref(outcome);
  avow__resolve(p, result);
}

/* The value that a finally settles with, from the outcome that it kept and the
   result of its cleanup. The caller releases what is left in `kept` and
   `result`. */
static avow_value_t finally_outcome(avow_promise_t *p, avow_value_t *kept,
                                    avow_value_t *result) {
  const bool interrupted = (p->flags & AVOW__FINALLY_INTERRUPTED) != 0;
  if (avow_is_error(result) && (!interrupted || !is_cancellation(result)))
    return avow_steal(result);
  return interrupted && !avow_is_error(kept) ? avow_error(UV_ECANCELED)
                                             : avow_steal(kept);
}

/* Returns whether p was canceled, and why in `*out`, which is borrowed. A
   cancellation without a reason may start the cleanup, and one with a reason
   may interrupt it. */
static bool finally_canceled(const avow_promise_t *p, const avow_value_t *kept,
                             avow_value_t *out) {
  const bool started = is_cancellation(kept);
  *out = started && kept->u.p != NULL ? *kept : avow__cancel_reason_noted(p);
  return started || (p->flags & AVOW__FINALLY_INTERRUPTED) != 0;
}

/* Sets the value that p settles with after its cleanup gave a result. Returns
   another value that the caller must release. */
static avow_value_t finally_end(avow_promise_t *p, avow_value_t *result) {
  avow_value_t kept = p->u.value, reason;
  const bool canceled = finally_canceled(p, &kept, &reason);
  p->u.value = finally_outcome(p, &kept, result);
  if (canceled && avow_is_error(&p->u.value) && !is_cancellation(&p->u.value))
    avow__cancel_below(p, p->reach, reason);
  return kept;
}

static void finally_wait_run(avow_promise_t *p) {
  avow_value_t result = avow_none();
  if (p->upstream != NULL)
    result = avow__take_upstream(p);
  const avow_value_t dropped = finally_end(p, &result);
  p->kind = AVOW__FINALLY_LAST;
  avow__enqueue(avow__context(p), p);
  avow__value_unref(dropped); /* last, because both may call the program */
  avow__value_unref(result);
}

/* Ends p. Its cleanup has other references and goes on. */
static void finally_detached(avow_promise_t *p) {
  avow_value_t result = avow_none();
  const avow_value_t dropped = finally_end(p, &result);
  avow__settle(p, p->u.value);
  avow__unref(p);
  avow__value_unref(dropped); /* last, because it may call the program */
}

static void finally_last_run(avow_promise_t *p) {
  avow__settle(p, p->u.value);
  avow__unref(p);
}

static void set_finally_kinds(void) {
  avow__kinds[AVOW__FINALLY] =
      (avow__kind_row_t){ .name = "finally",
                          .run = finally_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = avow__detached_runs };
  avow__kinds[AVOW__FINALLY_WAIT] =
      (avow__kind_row_t){ .name = "finally",
                          .run = finally_wait_run,
                          .cancel_from = avow__cancel_cleanup,
                          .detached = finally_detached };
  avow__kinds[AVOW__FINALLY_LAST] =
      (avow__kind_row_t){ .name = "finally",
                          .run = finally_last_run,
                          .cancel_from = avow__cancel_running };
}

static uv_once_t finally_kinds = UV_ONCE_INIT;

avow_promise_t *avow_finally(avow_promise_t *p, avow_fn on_settled,
                             void *data) {
  avow__check_taken(p);
  p = avow__given(p, "promise");
  if (on_settled == NULL)
    return avow_then(p, NULL, NULL, NULL);
  avow__check_thread(avow__context(p));
  avow__check_data(avow__context(p), data);
  uv_once(&finally_kinds, set_finally_kinds);
  avow_promise_t *q = avow__react_surely(p, AVOW__FINALLY, data);
  if (q == NULL) {
    avow__context_t *c = avow__context(p);
    /* The reserve is used up, so no job can run the handler later. If the loop
       runs no more handlers, this one does not run, either. */
    if (c->life != AVOW__NO_HANDLERS)
      avow__value_unref(on_settled(data));
    return avow__fail_nomem(c, p);
  }
  q->u.fn = on_settled;
  q->u.reach = 0;
  avow__subscribe(q);
  return q;
}
