/* SPDX-License-Identifier: MIT */
/*
 * The rare cases of settle.h: settling a promise that is marked, adopting a
 * promise or a thenable, and freeing a promise together with its value.
 */
#include "engine/settle.h"

#include "engine/cancel_reason.h"
#include "engine/promise.h"

static bool is_bare_cancel(const avow_value_t *v) {
  return avow_error_code(v) == UV_ECANCELED && v->u.p == NULL;
}

/* If v is a plain UV_ECANCELED, p settles with the reason of its
   cancellation. */
void avow__settle_marked(avow_promise_t *p, avow_value_t v) {
  const bool lost = (p->flags & AVOW__LOST) != 0;
  avow_value_t dropped = lost ? v : avow_none();
  avow_value_t reason = avow__cancel_reason_take(p);
  if (lost)
    v = avow_error(UV_ENOMEM);
  else if (reason.tag != AVOW_NONE && is_bare_cancel(&v))
    v = avow_steal(&reason);
  p->flags &= (uint16_t) ~(AVOW__LOST | AVOW__CANCELED);
  avow__settle_now(p, v);
  avow__value_unref(reason); /* last, because both may call the program */
  avow__value_unref(dropped);
}

void avow__withdraw(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  assert(from != NULL);
  if (p->kind != AVOW__FOLLOW && avow__is_pending(from)) {
    from->flags |= AVOW__HANDLED;
    avow__list_remove(&from->waiters, &p->link);
  } else {
    avow__queue_remove(&p->link);
  }
}

void avow__misuse_of_loops(const char *called) {
  avow__misuse_in(called,
                  "promise belongs to another loop; send its value with "
                  "avow_remote_resolve()");
}

static void adopt_promise(avow_promise_t *p, avow_promise_t *inner) {
  inner = avow__given(inner, "followed promise");
  if (inner == p) {
    avow__unref(inner);
    avow__settle(p, avow_error(AVOW_ECYCLE));
    avow__unref(p);
    return;
  }
  avow__check_taken(inner);
  if (!avow__same_loop(avow__context(p), inner)) {
    avow__unref(inner);
    avow__settle(p, avow_error(AVOW_EMISUSE));
    avow__unref(p);
    return;
  }
  p->kind = AVOW__FOLLOW;
  p->upstream = inner;
  avow__enqueue(avow__context(p), p);
}

void avow__adopt(avow_promise_t *p, avow_value_t v) {
  avow__check_value(&v);
  if (p->kind == AVOW__DEFERRED)
    p->flags &= (uint16_t) ~AVOW__NAMED; /* p will be in lists */
  if (v.tag == AVOW_PROMISE) {
    adopt_promise(p, v.u.p);
  } else {
    p->kind = AVOW__THENABLE;
    p->u.value = v;
    avow__enqueue(avow__context(p), p);
  }
}

void avow__destroy_slowly(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow__report_unhandled(p);
  avow__value_unref(p->u.value);
  avow__pool_give_back(&c->pool, p);
  if (c->life != AVOW__CLOSED)
    return;
  c->close.left--;
  avow__context_release(c);
}
