/* SPDX-License-Identifier: MIT */
/* Canceling a finally, in each of its states, and what is below it. */
#include "harness.h"

static avow_promise_t *pending(avow_deferred_t **out, char *word) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, word);
  return p;
}

static avow_promise_t *resolved(int64_t i) {
  return avow_promise_resolve(loop, avow_int(i));
}

static avow_promise_t *to_cancel;

static avow_value_t cancel_it(const avow_value_t *arg, void *data) {
  avow_cancel(to_cancel);
  return avow_none();
}

/* Cancels p in the round of that number, counted from now. */
static void cancel_in_round(int round, avow_promise_t *p) {
  avow_promise_t *q = avow_promise_resolve(loop, avow_none());
  for (int i = 1; i < round; i++)
    q = avow_then(q, NULL, NULL, NULL);
  to_cancel = p;
  avow_unref(avow_then(q, cancel_it, NULL, NULL));
}

static void value_is_kept_if_the_clean_up_is_over(void **state) {
  avow_promise_t *p = avow_finally(resolved(1), note_fn, "finally");

  cancel_in_round(1, p);

  assert_fulfils_int(p, 1);
  assert_notes("finally");
}

static avow_value_t work(const avow_value_t *arg, void *d) {
  avow_value_unref(note_value_cb(arg, "got"));
  return avow_follow(pending(d, "stop"));
}

/* It is heard in whichever round it comes: the next handler that begins
   something has that canceled. */
static void cancellation_is_heard_in_each_round(void **state) {
  for (int round = 1; round <= 5; round++) {
    avow_deferred_t *d = NULL;
    avow_promise_t *p = avow_finally(resolved(1), note_fn, "finally");
    p = avow_then(p, work, NULL, &d);

    cancel_in_round(round, p);

    assert_rejects(p, UV_ECANCELED);
    assert_notes("finally got=1 stop");
    avow_deferred_drop(d);
  }
}

SUITE(cancel_finally) {
  const struct CMUnitTest tests[] = {
    CASE(value_is_kept_if_the_clean_up_is_over),
    CASE(cancellation_is_heard_in_each_round),
  };
  return RUN(tests);
}
