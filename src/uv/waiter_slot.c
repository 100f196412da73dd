/* SPDX-License-Identifier: MIT */
/* Waiting promises at a fixed place. */
#include "uv/waiter_slot.h"

#include "avow/cancel.h"

static void waiter_forget(void *data) {
  avow_deferred_t **place = data;
  avow_deferred_drop(*place);
  *place = NULL;
}

avow_promise_t *avow__waiter_new(uv_loop_t *loop, avow_deferred_t **place) {
  avow_promise_t *p = avow_promise_new(loop, place);
  if (avow__has_settled(p))
    waiter_forget(place);
  else
    avow_on_cancel(*place, waiter_forget, place);
  return p;
}

void avow__waiter_settle(avow_deferred_t **place, avow_value_t v) {
  avow_deferred_t *d = *place;
  *place = NULL;
  if (d != NULL)
    (void) avow_resolve(d, v); /* pending: cancellation clears the place */
  else
    avow__value_unref(v);
}
