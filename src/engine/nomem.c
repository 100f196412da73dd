/* SPDX-License-Identifier: MIT */
/*
 * Chains for which there is no memory. They end with UV_ENOMEM, and not before
 * what the handlers before them use may be freed.
 */
#include "engine/nomem.h"

#include "engine/cancel.h"
#include "engine/promise.h"
#include "engine/settle.h"

/* Leaves a settled p to whatever held it, and gives a rejection for others to
   go on with. */
static avow_promise_t *promise_abandon(avow__context_t *c, avow_promise_t *p) {
  avow_promise_t *instead = avow__no_promise(c); /* keeps the context */
  p->flags |= AVOW__HANDLED;
  avow__unref(p);
  return instead;
}

/* Makes a link that only passes on, from the reserve, so that what p's handlers
   use stays until they have run. */
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
