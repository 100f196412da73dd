/* SPDX-License-Identifier: MIT */
/*
 * Handlers for other languages, which are called exactly once. A closure owns
 * its data: its handler gets either outcome, or NULL if there will be none. The
 * handler of avow_on_settled() returns nothing, so its reaction has no holder.
 */
#include "avow/closure.h"

#include "engine/await.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/check_stack.h"
#include "engine/nomem.h"
#include "engine/promise.h"
#include "engine/settle.h"

static uv_once_t closure_kinds = UV_ONCE_INIT;

/* Tells the closure that there will be no outcome, so that it frees its
   data. */
static void closure_end(avow_cb cb, void *data) {
  avow__value_unref(cb(NULL, data));
}

static void closure_run(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow_promise_t *from = p->upstream;
  const avow_cb cb = p->u.then.on_fulfilled;
  if (c->life < AVOW__GIVING_UP) {
    avow__deliver_cancel(p);
    p->kind = AVOW__RUNNING;
    const avow_value_t result = cb(&from->u.value, p->data);
    avow__deliver_cancel(p); /* also a cancellation while cb ran */
    avow__finish_handler(p, from, result);
    return;
  }
  p->kind = AVOW__RUNNING; /* until it settles */
  closure_end(cb, p->data);
  avow__settle(p, avow__take_upstream(p));
  avow__unref(p);
}

static void closure_detached(avow_promise_t *p) {
  p->kind =
      AVOW__RUNNING; /* code that frees the data may call avow_state() on p */
  closure_end(p->u.then.on_fulfilled, p->data);
  avow__detached(p);
}

static void on_settled_run(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  p->kind = AVOW__RUNNING;
  p->u.on_settled(&from->u.value, p->data);
  p->upstream = NULL;
  avow__settle(p, avow_none());
  avow__unref(p);
  avow__unref(from); /* last, because it may call the program */
}

static void set_closure_kinds(void) {
  avow__kinds[AVOW__CLOSURE] =
      (avow__kind_row_t){ .name = "then",
                          .run = closure_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = closure_detached };
  avow__kinds[AVOW__ON_SETTLED] =
      (avow__kind_row_t){ .name = "on_settled",
                          .run = on_settled_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = avow__detached_runs };
}

avow_promise_t *avow_then_closure(avow_promise_t *p, avow_cb cb, void *data) {
  p = avow__given(p, "promise");
  avow__check_taken(p);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  if (cb == NULL) {
    avow_unref(p);
    return avow__refuse(c->loop, UV_EINVAL, "then", NULL);
  }
  avow__check_data(c, data);
  uv_once(&closure_kinds, set_closure_kinds);
  avow_promise_t *q = avow__promise_alloc(c, AVOW__CLOSURE);
  if (q == NULL) {
    closure_end(cb, data);
    return avow__fail_nomem(c, p);
  }
  q->u.then.on_fulfilled = q->u.then.on_rejected = cb;
  q->data = data;
  q->upstream = p;
  avow__subscribe(q);
  return q;
}

/* Calls cb at once, because the reserve is used up or the loop runs no more
   handlers. */
static void settle_at_once(avow_promise_t *p, avow_settled_cb cb, void *data) {
  avow__context_t *c = avow__context(p);
  const avow_value_t lost = avow_error(UV_ENOMEM);
  if (c->life != AVOW__NO_HANDLERS)
    cb(avow__is_pending(p) ? &lost : &p->u.value, data);
  avow__unref_handled(avow__fail_nomem(c, p));
}

void avow_on_settled(avow_promise_t *p, avow_settled_cb cb, void *data) {
  p = avow__given(p, "promise");
  avow__check_taken(p);
  avow__check_thread(avow__context(p));
  if (cb == NULL) {
    avow_unref(p);
    return;
  }
  avow__check_data(avow__context(p), data);
  uv_once(&closure_kinds, set_closure_kinds);
  avow_promise_t *q = avow__react_surely(p, AVOW__ON_SETTLED, data);
  if (q == NULL) {
    settle_at_once(p, cb, data);
    return;
  }
  q->u.on_settled = cb;
  q->refs = 1; /* held by its source */
  avow__subscribe(q);
}
