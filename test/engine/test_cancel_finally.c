/* SPDX-License-Identifier: MIT */
/* Canceling a finally in each of its states, and the promises below it. */
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

/* Cancels p in the given round of jobs from now. */
static void cancel_in_round(int round, avow_promise_t *p) {
  avow_promise_t *q = avow_promise_resolve(loop, avow_none());
  for (int i = 1; i < round; i++)
    q = avow_then(q, NULL, NULL, NULL);
  to_cancel = p;
  avow_unref(avow_then(q, cancel_it, NULL, NULL));
}

static void value_is_kept_if_the_cleanup_has_ended(void **state) {
  avow_promise_t *p = avow_finally(resolved(1), note_fn, "finally");

  cancel_in_round(1, p);

  assert_fulfills_int(p, 1);
  assert_notes("finally");
}

static avow_value_t work(const avow_value_t *arg, void *d) {
  avow_value_unref(note_value_cb(arg, "got"));
  return avow_follow(pending(d, "stop"));
}

/* The promise that the next handler returns is canceled, whatever the round of
   the cancellation. */
static void cancellation_takes_effect_in_each_round(void **state) {
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

/* Cleanups that fail. */

static avow_value_t fail_at_once(void *data) {
  note("fails");
  return avow_error(UV_EIO);
}

static avow_value_t work_anew(const avow_value_t *arg, void *d) {
  if (avow_error_code(arg) == UV_ECANCELED)
    return avow_value_ref(arg);
  return work(arg, d);
}

static void cancellation_continues_after_a_failing_cleanup(void **state) {
  avow_deferred_t *d, *more = NULL;
  avow_promise_t *p = avow_finally(pending(&d, "stop"), fail_at_once, NULL);
  p = avow_catch(avow_then(p, NULL, NULL, NULL), work_anew, &more);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop fails got=EIO stop");
  avow_deferred_drop(d);
  avow_deferred_drop(more);
}

static avow_value_t follow_shielded(void *p) {
  note("cleans up");
  return avow_follow(avow_shield(p));
}

static void cancellation_continues_if_the_cleanup_fails_later(void **state) {
  avow_deferred_t *d, *more = NULL;
  avow_promise_t *p =
      avow_finally(resolved(1), follow_shielded, pending(&d, "never"));
  p = avow_catch(avow_then(p, NULL, NULL, NULL), work_anew, &more);
  run();

  avow_cancel_with(p, avow_string("it rains"));
  assert_int_equal(avow_state(p), AVOW_PENDING);
  (void) avow_reject(d, avow_error(UV_EIO));

  assert_says(p, UV_ECANCELED, "operation canceled: it rains");
  assert_notes("cleans up got=EIO stop");
  avow_deferred_drop(more);
}

/* A promise that adopts another one is merged with it in memory. */
static void cancellation_stops_at_the_canceled_promise(void **state) {
  avow_deferred_t *d, *outer, *inner, *more = NULL;
  avow_promise_t *p = avow_finally(pending(&d, "stop"), fail_at_once, NULL);
  avow_promise_t *middle = avow_promise_new(loop, &inner);
  avow_promise_t *q = avow_promise_new(loop, &outer);
  assert_true(avow_resolve(outer, avow_follow(middle)));
  run();
  assert_true(avow_resolve(inner, avow_follow(p)));
  avow_promise_t *below = avow_catch(avow_ref(q), work, &more);

  avow_cancel(q); /* `below` is not canceled */
  run();

  assert_notes("stop fails got=EIO");
  assert_int_equal(avow_state(below), AVOW_PENDING);
  assert_rejects(q, UV_EIO);
  assert_true(avow_resolve(more, avow_int(2)));
  assert_fulfills_int(below, 2);
  avow_deferred_drop(d);
}

static avow_value_t follow(void *p) {
  note("cleans up");
  return avow_follow(p);
}

/* The adopting promise has not subscribed yet when the cleanup ends. */
static void promise_adopting_a_late_finally_can_be_canceled(void **state) {
  avow_deferred_t *d, *adopting;
  avow_promise_t *cleaning = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_ECANCELED));
  p = avow_finally(p, follow, cleaning);
  run();
  (void) avow_reject(d, avow_error(UV_EIO));
  avow_promise_t *q = avow_promise_new(loop, &adopting);
  assert_true(avow_resolve(adopting, avow_follow(p)));

  avow_cancel(q);

  assert_rejects(q, UV_EIO);
  assert_notes("cleans up");
}

static void promise_adopting_a_kept_error_is_canceled(void **state) {
  avow_deferred_t *d, *adopting, *more = NULL;
  avow_promise_t *cleaning = pending(&d, "never");
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  p = avow_finally(p, follow, avow_ref(cleaning));
  run();
  avow_promise_t *q = avow_promise_new(loop, &adopting);
  assert_true(avow_resolve(adopting, avow_follow(p)));
  q = avow_catch(q, work_anew, &more);

  avow_cancel(q);

  assert_rejects(q, UV_ECANCELED);
  assert_notes("cleans up got=EIO stop");
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(cleaning);
  avow_deferred_drop(more);
}

/* Cleanups that are canceled. */

static void cleanup_is_not_canceled_by_the_same_cancellation(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p =
      avow_finally(pending(&d, "stop"), follow, pending(&cleaning, "again"));

  avow_cancel(p);
  avow_cancel(p); /* the handler has not returned */
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(cleaning, avow_none()));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop cleans up");
  avow_deferred_drop(d);
}

static void later_cancellation_cancels_the_cleanup(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p =
      avow_finally(pending(&d, "stop"), follow, pending(&cleaning, "again"));
  avow_cancel(p);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop cleans up again");
  avow_deferred_drop(d);
  avow_deferred_drop(cleaning);
}

/* Neither the error nor the cancellation is lost. */
static void error_is_kept_when_its_cleanup_is_canceled(void **state) {
  avow_deferred_t *cleaning, *more = NULL;
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  p = avow_finally(p, follow, pending(&cleaning, "again"));
  p = avow_catch(p, work_anew, &more);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("cleans up again got=EIO stop");
  avow_deferred_drop(cleaning);
  avow_deferred_drop(more);
}

static void error_is_kept_if_the_cleanup_has_other_references(void **state) {
  avow_deferred_t *d, *more = NULL;
  avow_promise_t *cleaning = pending(&d, "never");
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  p = avow_finally(p, follow, avow_ref(cleaning));
  p = avow_catch(p, work_anew, &more);
  run();

  avow_cancel_with(p, avow_string("it rains"));

  assert_says(p, UV_ECANCELED, "operation canceled: it rains");
  assert_notes("cleans up got=EIO stop");
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(cleaning);
  avow_deferred_drop(more);
}

/* The first cancellation has a reason but starts above the promise that
   rejects. The second cancellation has no reason. */
static void cancellation_after_the_cleanup_has_its_own_reason(void **state) {
  avow_deferred_t *cleaning, *more = NULL;
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  p = avow_finally(p, follow, pending(&cleaning, "again"));
  run();
  avow_cancel_with(p, avow_string("it rains"));
  p = avow_catch(p, work_anew, &more);

  avow_cancel(p);

  assert_says(p, UV_ECANCELED, "operation canceled");
  assert_notes("cleans up again got=EIO stop");
  avow_deferred_drop(cleaning);
  avow_deferred_drop(more);
}

static avow_value_t fail_late(const avow_value_t *arg, void *data) {
  return avow_error(UV_EIO);
}

/* The cancellation that starts the cleanup has no reason. The cancellation that
   interrupts the cleanup has one. */
static void reason_of_a_cleanup_cancellation_survives_its_failure(
    void **state) {
  avow_deferred_t *d, *cleaning, *more = NULL;
  avow_promise_t *clean_up =
      avow_catch(pending(&cleaning, "again"), fail_late, NULL);
  avow_promise_t *p = avow_finally(pending(&d, "stop"), follow, clean_up);
  p = avow_catch(p, work_anew, &more);
  avow_cancel(p);
  run();

  avow_cancel_with(p, avow_string("it rains"));

  assert_says(p, UV_ECANCELED, "operation canceled: it rains");
  assert_notes("stop cleans up again got=EIO stop");
  avow_deferred_drop(d);
  avow_deferred_drop(cleaning);
  avow_deferred_drop(more);
}

static avow_deferred_t *innermost;

static avow_value_t follow_finally(void *words) {
  char **word = words;
  note(*word);
  if (word[1] == NULL)
    return avow_follow(pending(&innermost, "stop"));
  return avow_follow(avow_finally(resolved(1), follow_finally, word + 1));
}

/* The cancellation reaches the cleanup of a cleanup. The promises that wait for
   it settle one after another. */
static void cancellation_reaches_the_innermost_cleanup(void **state) {
  char *words[] = { "a", "b", "c", NULL };
  avow_promise_t *p = avow_finally(resolved(1), follow_finally, words);
  p = avow_finally(p, note_fn, "end");
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("a b c stop end");
  avow_deferred_drop(innermost);
}

static void timeout_cancels_a_cleanup(void **state) {
  avow_deferred_t *cleaning;
  avow_promise_t *p =
      avow_finally(resolved(1), follow, pending(&cleaning, "stop"));

  assert_rejects(avow_timeout(p, 20), UV_ETIMEDOUT);

  assert_notes("cleans up stop");
  avow_deferred_drop(cleaning);
}

static void outer_timeout_cancels_the_cleanup_of_an_inner_one(void **state) {
  avow_deferred_t *cleaning;
  avow_promise_t *p =
      avow_finally(avow_sleep(loop, 60000), follow, pending(&cleaning, "stop"));

  p = avow_timeout(avow_timeout(p, 10), 20);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_notes("cleans up stop");
  avow_deferred_drop(cleaning);
}

static void shield_protects_a_cleanup_from_a_timeout(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p =
      avow_finally(resolved(1), follow_shielded, pending(&d, "never"));
  p = avow_timeout(p, 20);
  avow_promise_t *later = avow_sleep(loop, 40);

  assert_fulfills_none(later);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_none()));

  assert_rejects(p, UV_ETIMEDOUT);
  assert_notes("cleans up");
}

static void cleanup_with_other_references_continues(void **state) {
  avow_deferred_t *d;
  avow_promise_t *cleaning = pending(&d, "never");
  avow_promise_t *p = avow_finally(resolved(1), follow, avow_ref(cleaning));
  run();

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ECANCELED);
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(cleaning);
  assert_notes("cleans up");
}

SUITE(cancel_finally) {
  const struct CMUnitTest tests[] = {
    CASE(value_is_kept_if_the_cleanup_has_ended),
    CASE(cancellation_takes_effect_in_each_round),
    CASE(cancellation_continues_after_a_failing_cleanup),
    CASE(cancellation_continues_if_the_cleanup_fails_later),
    CASE(cancellation_stops_at_the_canceled_promise),
    CASE(promise_adopting_a_late_finally_can_be_canceled),
    CASE(promise_adopting_a_kept_error_is_canceled),
    CASE(cleanup_is_not_canceled_by_the_same_cancellation),
    CASE(later_cancellation_cancels_the_cleanup),
    CASE(error_is_kept_when_its_cleanup_is_canceled),
    CASE(error_is_kept_if_the_cleanup_has_other_references),
    CASE(cancellation_after_the_cleanup_has_its_own_reason),
    CASE(reason_of_a_cleanup_cancellation_survives_its_failure),
    CASE(cancellation_reaches_the_innermost_cleanup),
    CASE(timeout_cancels_a_cleanup),
    CASE(outer_timeout_cancels_the_cleanup_of_an_inner_one),
    CASE(shield_protects_a_cleanup_from_a_timeout),
    CASE(cleanup_with_other_references_continues),
  };
  return RUN(tests);
}
