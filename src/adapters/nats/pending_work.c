/* SPDX-License-Identifier: MIT */
#include "pending_work.h"

void avow__nats_pending_work_begin(pending_work_t *pending_work) {
  pending_work->count++;
}

static void settle(pending_work_t *pending_work) {
  avow_deferred_t *last = pending_work->last;
  pending_work->last = NULL;
  if (last != NULL)
    (void) avow_resolve(last, avow_none()); /* false if canceled */
  avow_promise_clear(&pending_work->over);
}

void avow__nats_pending_work_end(pending_work_t *pending_work) {
  if (--pending_work->count == 0)
    settle(pending_work);
}

/* The shield keeps a canceled caller from canceling the promise of others. */
avow_promise_t *avow__nats_pending_work_done(pending_work_t *pending_work,
                                             uv_loop_t *loop) {
  if (pending_work->over == NULL)
    pending_work->over = avow_promise_new(loop, &pending_work->last);
  return avow_shield(avow_ref(pending_work->over));
}

void avow__nats_pending_work_free(pending_work_t *pending_work) {
  settle(pending_work);
}
