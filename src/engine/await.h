/* SPDX-License-Identifier: MIT */
/* Steps of handlers and of functions that wait: getting a cancellation, and
   waiting for the next promise. */
#ifndef AVOW_AWAIT_PRIVATE_H
#define AVOW_AWAIT_PRIVATE_H

#include "engine/cancel_reason.h"
#include "engine/chain.h"
#include "engine/settle.h"

/* Removes the mark of a cancellation that has arrived as the UV_ECANCELED of
   the upstream. The program reacts to it from here on, undisturbed by that
   cancellation. */
static inline void avow__deliver_cancel(avow_promise_t *p) {
  if (AVOW__LIKELY((p->flags & AVOW__CANCELED) == 0))
    return;
  if (avow_error_code(&p->upstream->u.value) == UV_ECANCELED)
    avow__forget_cancel(p);
}

/* Does this for an async function. The function ignores further cancellations
   until it waits for a pending promise. */
static inline void avow__deliver_cancel_async(avow_promise_t *p) {
  const avow_promise_t *from = p->upstream;
  if (AVOW__LIKELY(avow__state(from) != AVOW_REJECTED) ||
      avow_error_code(&from->u.value) != UV_ECANCELED)
    return;
  avow__deliver_cancel(p);
  p->flags |= AVOW__ASYNC_CLEANS;
}

/* Makes q, whose function is on the stack, a reaction to p. Takes ownership of
   p. */
static inline void avow__wait_for(avow__context_t *c, avow_promise_t *q,
                                  avow__kind_t kind, avow_promise_t *p) {
  if (AVOW__UNLIKELY(c->life >= AVOW__GIVING_UP)) {
    avow__unref(p);
    p = avow__ref(c->canceled);
  }
  q->kind = (uint8_t) kind;
  q->upstream = p;
  if (kind == AVOW__ASYNC || kind == AVOW__STACKLESS) {
    avow__probe_parked(c, q);
    if (avow__is_pending(p))
      q->flags &= (uint16_t) ~AVOW__ASYNC_CLEANS;
  }
  avow__subscribe(q);
  if (AVOW__UNLIKELY((q->flags & AVOW__CANCELED) != 0))
    avow__cancel_waiting(q);
}

#endif
