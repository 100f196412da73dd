/* SPDX-License-Identifier: MIT */
/* Lists of promises that wait for the same event. */
#include "tools/waiters.h"

#include "avow/cancel.h"
#include "base/alloc.h"

/* Removes a caller and returns its deferred, which remains. */
static avow_deferred_t *caller_remove(avow__caller_t *caller) {
  avow__callers_t *callers = caller->callers;
  avow_deferred_t *d = caller->deferred;
  avow__list_remove(&callers->first, &caller->link);
  avow_free(caller);
  return d;
}

static void caller_leave(void *data) {
  avow__caller_t *caller = data;
  avow__callers_t *callers = caller->callers;
  avow_deferred_drop(caller_remove(caller));
  if (callers->left != NULL)
    callers->left(callers);
}

avow_promise_t *avow__callers_add(avow__callers_t *callers, uv_loop_t *loop,
                                  avow__caller_t **out) {
  *out = NULL;
  avow__caller_t *caller = avow_malloc(sizeof(*caller));
  if (caller == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(loop, &caller->deferred);
  if (avow_state(p) != AVOW_PENDING) {
    avow_deferred_drop(caller->deferred);
    avow_free(caller);
    return p;
  }
  caller->callers = callers;
  avow_on_cancel(caller->deferred, caller_leave, caller);
  avow__list_append(&callers->first, &caller->link);
  *out = caller;
  return p;
}

void avow__callers_answer_first(avow__callers_t *callers,
                                avow_value_t outcome) {
  avow__caller_t *caller = (avow__caller_t *) callers->first;
  avow_deferred_t *d = caller_remove(caller);
  (void) avow_resolve(d, outcome); /* it was pending */
}

void avow__callers_answer(avow__callers_t *callers,
                          const avow_value_t *outcome) {
  while (callers->first != NULL)
    avow__callers_answer_first(callers, avow_value_ref(outcome));
}
