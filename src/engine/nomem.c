/* SPDX-License-Identifier: MIT */
/*
 * Chains for which there is no memory. They are rejected with UV_ENOMEM, but
 * not before the earlier handlers have run. These handlers may use data that
 * the program frees after the chain.
 */
#include "engine/nomem.h"

#include "engine/cancel.h"
#include "engine/promise.h"
#include "engine/settle.h"

/* Releases p, and returns a rejection to continue with. */
static avow_promise_t *promise_abandon(avow__context_t *c, avow_promise_t *p) {
  avow_promise_t *instead = avow__no_promise(c); /* holds the context */
  p->flags |= AVOW__HANDLED;
  avow__unref(p);
  return instead;
}

/* p has other holders, so it is not canceled. A reaction from the reserve waits
   for p, and is rejected when p has settled. */
static avow_promise_t *lost_behind(avow__context_t *c, avow_promise_t *p) {
  void *block = avow__pool_alloc_reserved(&c->pool);
  if (block == NULL)
    return promise_abandon(c, p);
  avow_promise_t *q = avow__promise_init(c, block, AVOW__THEN);
  q->u.then.on_fulfilled = q->u.then.on_rejected = NULL;
  q->flags |= AVOW__LOST;
  q->upstream = p;
  avow__subscribe(q);
  return q;
}

avow_promise_t *avow__fail_nomem(avow__context_t *c, avow_promise_t *p) {
  if (!avow__is_pending(p) || c->life >= AVOW__GIVING_UP)
    return promise_abandon(c, p);
  if (avow__is_shared(p))
    return lost_behind(c, p);
  p->flags |= AVOW__LOST;
  avow__cancel(p);
  return p;
}
