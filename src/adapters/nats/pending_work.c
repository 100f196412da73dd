/* SPDX-License-Identifier: MIT */
#include "pending_work.h"

void avow__nats_errand_begin(errands_t *errands) {
  errands->count++;
}

static void settle(errands_t *errands) {
  avow_deferred_t *last = errands->last;
  errands->last = NULL;
  if (last != NULL)
    (void) avow_resolve(last, avow_none()); /* false if canceled */
  avow_promise_clear(&errands->over);
}

void avow__nats_errand_end(errands_t *errands) {
  if (--errands->count == 0)
    settle(errands);
}

/* The shield keeps a canceled caller from canceling the promise of others. */
avow_promise_t *avow__nats_errands_over(errands_t *errands, uv_loop_t *loop) {
  if (errands->over == NULL)
    errands->over = avow_promise_new(loop, &errands->last);
  return avow_shield(avow_ref(errands->over));
}

void avow__nats_errands_free(errands_t *errands) {
  settle(errands);
}
