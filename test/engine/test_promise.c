/* SPDX-License-Identifier: MIT */
/*
 * Promises: states, resolving functions and references. The numbers in comments
 * are those of the rules in docs/semantics.md.
 */
#include "harness.h"

static int destroyed;

static void count_destroy(void *self) {
  destroyed++;
}

static const avow_class_t counted = { .name = "counted",
                                      .destroy = count_destroy };

static avow_value_t counted_object(void) {
  destroyed = 0;
  return avow_object(&counted, &destroyed);
}

static void then_runs_after_the_caller_returns(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  avow_promise_t *q = avow_then(p, note_cb, NULL, "then");
  note("caller");
  assert_fulfills_int(q, 1);

  assert_notes("caller then");
}

static void resolve_runs_no_handler_inside_the_call(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, note_cb, NULL, "then");

  assert_true(avow_resolve(d, avow_int(1)));
  note("resolved");
  assert_fulfills_int(p, 1);

  assert_notes("resolved then");
}

/* 1 */
static void second_resolve_does_nothing(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *d2 = avow_deferred_ref(d);

  assert_true(avow_resolve(d, avow_int(1)));
  assert_false(avow_resolve(d2, avow_int(2)));

  assert_fulfills_int(p, 1);
}

/* 1 */
static void resolve_does_nothing_while_adopting(void **state) {
  avow_deferred_t *d, *inner;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *d2 = avow_deferred_ref(d), *d3 = avow_deferred_ref(d);

  assert_true(avow_resolve(d, avow_follow(avow_promise_new(loop, &inner))));
  assert_false(avow_reject(d2, avow_error(UV_EIO)));
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(inner, avow_int(3)));
  assert_false(avow_resolve(d3, avow_int(4)));

  assert_fulfills_int(p, 3);
}

static void late_value_is_released(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *d2 = avow_deferred_ref(d);
  assert_true(avow_resolve(d, avow_none()));

  assert_false(avow_resolve(d2, counted_object()));

  assert_int_equal(destroyed, 1);
  avow_unref(p);
}

/* 1: dropping a deferred after the resolution changes nothing */
static void drop_after_resolve_does_nothing(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *d2 = avow_deferred_ref(d);

  assert_true(avow_resolve(d, avow_int(1)));
  avow_deferred_drop(d2);

  assert_fulfills_int(p, 1);
}

static void dropping_the_last_deferred_rejects(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *d2 = avow_deferred_ref(d);

  avow_deferred_drop(d);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_deferred_drop(d2);

  assert_rejects(p, AVOW_EBROKEN);
}

/* 2 */
static void reject_never_adopts(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *reason = avow_promise_resolve(loop, avow_int(1));

  assert_true(avow_reject(d, avow_follow(avow_ref(reason))));

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  const avow_value_t *error = avow_result(p);
  assert_int_equal(avow_error_code(error), AVOW_EREASON);
  assert_ptr_equal(avow_error_cause(error)->u.p, reason);
  avow_unref(p);
  avow_unref(reason);
}

static void reject_with_a_number_keeps_it_as_cause(void **state) {
  avow_promise_t *p = avow_promise_reject(loop, avow_int(42));

  const avow_value_t *cause = avow_error_cause(avow_result(p));

  assert_int_equal(avow_to_int(cause), 42);
  avow_unref(p);
}

static void resolve_with_an_error_rejects(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_error(UV_ENOENT));

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ENOENT);
}

/* 3b */
static void self_resolution_rejects(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  assert_true(avow_resolve(d, avow_follow(avow_ref(p))));

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, AVOW_ECYCLE);
}

/* 3f: longer cycles are not detected, and last until the loop closes */
static void promises_that_adopt_each_other_stay_pending(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_new(loop, &e);

  assert_true(avow_resolve(d, avow_follow(avow_ref(q))));
  assert_true(avow_resolve(e, avow_follow(avow_ref(p))));
  run();

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_int_equal(avow_state(q), AVOW_PENDING);
  avow_unref(p);
  avow_unref(q);
}

/* 3f: no shortcut when the inner promise is settled */
static void adoption_of_a_settled_promise_takes_its_jobs(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *inner = avow_promise_resolve(loop, avow_int(1));

  assert_true(avow_resolve(d, avow_follow(inner)));

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_fulfills_int(p, 1);
}

/* 6 */
static void value_keeps_its_identity(void **state) {
  avow_value_t v = counted_object();
  avow_promise_t *p = avow_promise_resolve(loop, avow_value_ref(&v));
  p = avow_then(p, NULL, NULL, NULL);
  p = avow_then(p, note_cb, NULL, "then");

  const avow_value_t same = avow_run(p);

  assert_ptr_equal(same.u.p, v.u.p);
  assert_int_equal(destroyed, 0);
  avow_value_unref(same);
  avow_value_unref(v);
  assert_int_equal(destroyed, 1);
}

/* 13 */
static void resolve_with_a_promise_returns_that_promise(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  avow_promise_t *same = avow_promise_resolve(loop, avow_follow(avow_ref(p)));

  assert_ptr_equal(same, p);
  avow_unref(same);
  avow_unref(p);
}

static avow_value_t note_and_fail(void *word) {
  note(word);
  return avow_error(UV_EIO);
}

static avow_value_t note_and_give(void *word) {
  note(word);
  return avow_int(7);
}

/* 22 */
static void try_calls_its_function_at_once(void **state) {
  avow_promise_t *p = avow_try(loop, note_and_give, "fn");
  note("caller");

  assert_notes("fn caller");
  assert_fulfills_int(p, 7);
}

static void try_without_a_function_is_refused(void **state) {
  assert_says(avow_try(loop, NULL, NULL), UV_EINVAL, "try: invalid argument");
}

/* 22 */
static void try_turns_a_failure_into_a_rejection(void **state) {
  avow_promise_t *p = avow_try(loop, note_and_fail, "fn");

  assert_rejects(p, UV_EIO);
}

static avow_value_t follow_data(void *p) {
  return avow_follow(p);
}

/* 22 */
static void try_follows_a_promise(void **state) {
  avow_promise_t *inner = avow_promise_resolve(loop, avow_int(3));

  assert_fulfills_int(avow_try(loop, follow_data, inner), 3);
}

static void result_is_null_while_pending(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  assert_null(avow_result(p));
  assert_true(avow_resolve(d, avow_int(5)));
  assert_int_equal(avow_to_int(avow_result(p)), 5);

  avow_unref(p);
}

static void unref_does_not_stop_the_handlers(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(p, note_cb, NULL, "then"));

  assert_true(avow_resolve(d, avow_none()));
  run();

  assert_notes("then");
}

static void unref_accepts_null(void **state) {
  avow_unref(NULL);
}

static void settled_value_is_released_with_its_promise(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, counted_object());
  avow_promise_t *q = avow_ref(p);

  avow_unref(p);
  assert_int_equal(destroyed, 0);
  avow_unref(q);

  assert_int_equal(destroyed, 1);
}

enum { CROWD = 256 };

/* Makes promises until memory is out. */
static void exhaust(avow_promise_t *crowd[]) {
  fail_allocation(1, true);
  for (int i = 0; i < CROWD; i++)
    crowd[i] = avow_promise_resolve(loop, avow_none());
}

static void recover_from(avow_promise_t *crowd[]) {
  fail_allocation(0, false);
  for (int i = 0; i < CROWD; i++)
    avow_unref(crowd[i]);
}

static void failed_then_keeps_the_promise_for_others(void **state) {
  avow_promise_t *crowd[CROWD];
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *other = avow_then(avow_ref(p), NULL, NULL, NULL);
  exhaust(crowd);

  avow_promise_t *lost = avow_then(p, note_cb, note_cb, "lost");
  recover_from(crowd);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(other, 1);
  assert_rejects(lost, UV_ENOMEM);
  assert_notes("");
}

enum { RESERVED = 70 }; /* more than avow reserves for finally and others */

static void failed_then_without_a_reserve_keeps_the_promise(void **state) {
  avow_promise_t *crowd[CROWD], *last[RESERVED];
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  exhaust(crowd);
  for (int i = 0; i < RESERVED; i++)
    last[i] = avow_finally(avow_ref(p), note_fn, "last");

  avow_promise_t *lost = avow_then(avow_ref(p), note_cb, note_cb, "lost");
  recover_from(crowd);
  for (int i = 0; i < RESERVED; i++)
    avow_unref(last[i]);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(p, 1);
  assert_rejects(lost, UV_ENOMEM);
}

static void cancel_lost(void *lost) {
  avow_cancel(*(avow_promise_t **) lost);
}

static void released_value_may_cancel_a_failed_then(void **state) {
  static const avow_class_t canceler = { .name = "canceler",
                                         .destroy = cancel_lost };
  avow_promise_t *crowd[CROWD], *lost;
  avow_promise_t *p = avow_promise_resolve(loop, avow_object(&canceler, &lost));
  p = avow_then(p, NULL, NULL, NULL);
  exhaust(crowd);

  lost = avow_then(p, note_cb, note_cb, "lost");
  recover_from(crowd);

  assert_rejects(lost, UV_ENOMEM);
  assert_notes("");
}

SUITE(promise) {
  const struct CMUnitTest tests[] = {
    CASE(then_runs_after_the_caller_returns),
    CASE(resolve_runs_no_handler_inside_the_call),
    CASE(second_resolve_does_nothing),
    CASE(resolve_does_nothing_while_adopting),
    CASE(late_value_is_released),
    CASE(drop_after_resolve_does_nothing),
    CASE(dropping_the_last_deferred_rejects),
    CASE(reject_never_adopts),
    CASE(reject_with_a_number_keeps_it_as_cause),
    CASE(resolve_with_an_error_rejects),
    CASE(self_resolution_rejects),
    CASE(promises_that_adopt_each_other_stay_pending),
    CASE(adoption_of_a_settled_promise_takes_its_jobs),
    CASE(value_keeps_its_identity),
    CASE(resolve_with_a_promise_returns_that_promise),
    CASE(try_calls_its_function_at_once),
    CASE(try_without_a_function_is_refused),
    CASE(try_turns_a_failure_into_a_rejection),
    CASE(try_follows_a_promise),
    CASE(result_is_null_while_pending),
    CASE(unref_does_not_stop_the_handlers),
    CASE(failed_then_keeps_the_promise_for_others),
    CASE(failed_then_without_a_reserve_keeps_the_promise),
    CASE(released_value_may_cancel_a_failed_then),
    CASE(unref_accepts_null),
    CASE(settled_value_is_released_with_its_promise),
  };
  return RUN(tests);
}
