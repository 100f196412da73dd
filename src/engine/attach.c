/* SPDX-License-Identifier: MIT */
/* avow_attach(): data that is freed when a promise has settled and its earlier
   handlers have run. */
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/nomem.h"
#include "engine/promise.h"
#include "engine/settle.h"

static void attach_run(avow_promise_t *p) {
  p->kind = AVOW__RUNNING;
  p->u.free_fn(p->data);
  if ((p->flags & AVOW__ATTACH_CANCELED) == 0) {
    avow__settle(p, avow__take_upstream(p));
    avow__unref(p);
    return;
  }
  const avow_value_t outcome = avow__take_upstream(p);
  avow__settle(p, avow_error(UV_ECANCELED));
  avow__unref(p);
  avow__value_unref(outcome); /* last, because it may call the program */
}

static void set_attach_kinds(void) {
  avow__kinds[AVOW__ATTACH] =
      (avow__kind_row_t){ .name = "attach",
                          .run = attach_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = avow__detached };
}

static uv_once_t attach_kinds = UV_ONCE_INIT;

avow_promise_t *avow_attach(avow_promise_t *p, void *data,
                            void (*free_fn)(void *)) {
  avow__check_taken(p);
  p = avow__given(p, "promise");
  if (free_fn == NULL)
    return avow_then(p, NULL, NULL, NULL);
  uv_once(&attach_kinds, set_attach_kinds);
  avow_promise_t *q = avow__react_surely(p, AVOW__ATTACH, data);
  if (q == NULL) {
    avow__context_t *c = avow__context(p);
    /* Earlier handlers may still use the data. Then the data is never freed,
       because there is no block to free it later. */
    if (!avow__is_pending(p) && c->life != AVOW__NO_HANDLERS)
      free_fn(data);
    return avow__fail_nomem(c, p);
  }
  q->u.free_fn = free_fn;
  avow__subscribe(q);
  return q;
}
