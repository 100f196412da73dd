/* SPDX-License-Identifier: MIT */
/*
 * Rates: a number of permits for each period, exact to the millisecond of a
 * virtual clock.
 */
#include "harness.h"

/* The nth acquisition settles at the time that its note gives. */
static void note_acquires(const avow_rate_t *r, uint64_t tokens, char *word,
                          int n) {
  for (int i = 0; i < n; i++)
    note_time_of(avow_rate_acquire(r, tokens), word);
}

static void burst_is_granted_at_once_and_the_rest_at_the_rate(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 3, 30, NULL);

  note_acquires(r, 1, "a", 5);
  run();

  assert_notes("a@0 a@0 a@0 a@10 a@20");
  avow_rate_unref(r);
}

static void burst_limits_the_saved_tokens(void **state) {
  const avow_rate_options_t options = { .burst = 1 };
  avow_rate_t *r = avow_rate_new(loop, 3, 30, &options);
  assert_fulfills_none(avow_sleep(loop, 1000));

  note_acquires(r, 1, "a", 3);
  run();

  assert_notes("a@1000 a@1010 a@1020");
  avow_rate_unref(r);
}

/* 3 permits in 10 ms: the third of a millisecond is never lost, however often
   the rate waits. */
static void fractions_of_a_millisecond_are_not_lost(void **state) {
  const avow_rate_options_t options = { .burst = 1 };
  avow_rate_t *r = avow_rate_new(loop, 3, 10, &options);

  note_acquires(r, 1, "a", 7);
  run();

  assert_notes("a@0 a@4 a@7 a@10 a@14 a@17 a@20");
  avow_rate_unref(r);
}

/* Tokens beyond the burst that accumulate while the loop is late are lost. */
static void bucket_holds_no_more_than_its_burst(void **state) {
  const avow_rate_options_t options = { .burst = 2 };
  avow_rate_t *r = avow_rate_new(loop, 10, 2, &options);
  assert_true(avow_rate_try(r, 2));
  avow_promise_t *p = avow_rate_acquire(r, 1);

  assert_fulfills_none(p);

  assert_int_equal(avow_now(loop), 1);
  assert_true(avow_rate_try(r, 2));
  assert_false(avow_rate_try(r, 1));
  avow_rate_unref(r);
}

static void many_tokens_can_arrive_in_one_millisecond(void **state) {
  enum { MANY = 3000 };
  const avow_rate_options_t options = { .burst = 100 };
  avow_rate_t *r = avow_rate_new(loop, 100000, 1000, &options);
  avow_promise_t *ps[MANY];

  for (size_t i = 0; i < MANY; i++)
    ps[i] = avow_rate_acquire(r, 1);
  assert_int_equal(avow_state(ps[99]), AVOW_FULFILLED);
  assert_int_equal(avow_state(ps[100]), AVOW_PENDING);
  avow_value_unref(avow_run(avow_all(loop, ps, MANY)));

  assert_int_equal(avow_now(loop), 29);
  avow_rate_unref(r);
}

static void requests_of_any_size_are_served_in_order(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 10, 100, NULL);

  note_acquires(r, 8, "a", 1);
  note_acquires(r, 6, "b", 1);
  note_acquires(r, 1, "c", 1);
  assert_false(avow_rate_try(r, 1));
  run();

  assert_notes("a@0 b@40 c@50");
  avow_rate_unref(r);
}

static void canceled_requests_shorten_the_queue(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 10, 100, NULL);
  assert_true(avow_rate_try(r, 10));
  avow_promise_t *first = avow_rate_acquire(r, 10);
  note_acquires(r, 1, "b", 1);
  avow_promise_t *last = avow_rate_acquire(r, 5);
  note_acquires(r, 1, "c", 1);

  avow_cancel(first);
  avow_cancel(last);

  assert_rejects(first, UV_ECANCELED);
  assert_rejects(last, UV_ECANCELED);
  run();
  assert_notes("b@10 c@20");
  avow_rate_unref(r);
}

/* If the first waiter changes, a sleep that ends too early is continued. */
static void request_after_a_canceled_one_waits_its_own_time(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 10, 100, NULL);
  assert_true(avow_rate_try(r, 10));
  avow_promise_t *first = avow_rate_acquire(r, 1);
  note_acquires(r, 5, "b", 1);

  avow_cancel(first);
  avow_unref(first);
  run();

  assert_notes("b@50");
  avow_rate_unref(r);
}

static void canceled_request_does_not_keep_the_loop_alive(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 1000, NULL);
  assert_true(avow_rate_try(r, 1));
  avow_promise_t *p = avow_rate_acquire(r, 1);

  avow_cancel(p);
  run();

  assert_int_equal(avow_now(loop), 0);
  assert_rejects(p, UV_ECANCELED);
  note_acquires(r, 1, "a", 1);
  run();
  assert_notes("a@1000");
  avow_rate_unref(r);
}

static void try_takes_available_tokens(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 3, 30, NULL);

  assert_false(avow_rate_try(r, 4));
  assert_true(avow_rate_try(r, 2));
  assert_false(avow_rate_try(r, 2));
  assert_true(avow_rate_try(r, 0));
  assert_true(avow_rate_try(r, 1));

  assert_fulfills_none(avow_sleep(loop, 9));
  assert_false(avow_rate_try(r, 1));
  assert_fulfills_none(avow_sleep(loop, 1));
  assert_true(avow_rate_try(r, 1));
  avow_rate_unref(r);
}

static void large_numbers_are_accepted(void **state) {
  const uint64_t most = UINT32_MAX;
  avow_rate_t *r = avow_rate_new(loop, most, most, NULL);

  assert_true(avow_rate_try(r, most));
  note_acquires(r, 1, "a", 2);
  run();
  assert_notes("a@1 a@2");
  assert_fulfills_none(avow_rate_acquire(r, most));

  assert_int_equal(avow_now(loop), most + 2);
  assert_false(avow_rate_try(r, UINT64_MAX));
  avow_rate_unref(r);
}

static void assert_refused(avow_rate_t *r) {
  assert_rejects(avow_rate_acquire(r, 1), UV_EINVAL);
  assert_false(avow_rate_try(r, 1));
  avow_rate_unref(r);
}

static void invalid_rates_are_refused(void **state) {
  const uint64_t most = UINT32_MAX;
  const avow_rate_options_t later = { .reserved = { 1 } };
  const avow_rate_options_t large = { .burst = most + 1 };

  assert_refused(avow_rate_new(loop, 0, 1, NULL));
  assert_refused(avow_rate_new(loop, 1, 0, NULL));
  assert_refused(avow_rate_new(loop, most + 1, 1, NULL));
  assert_refused(avow_rate_new(loop, 1, most + 1, NULL));
  assert_refused(avow_rate_new(loop, 1, 1, &large));
  assert_refused(avow_rate_new(loop, 1, 1, &later));
  avow_rate_unref(NULL);
}

static void invalid_rate_reports_the_invalid_number(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 0, NULL);
  assert_says(avow_rate_acquire(r, 1), UV_EINVAL,
              "rate '0 ms': invalid argument");
  avow_rate_unref(r);
  r = avow_rate_new(loop, 0, 1, NULL);
  assert_says(avow_rate_acquire(r, 1), UV_EINVAL,
              "rate '0 tokens': invalid argument");
  avow_rate_unref(r);
}

/* Three tokens arrive in each millisecond, and the bucket holds one. */
static void small_bucket_loses_tokens_above_its_burst(void **state) {
  const avow_rate_options_t one = { .burst = 1 };
  avow_rate_t *r = avow_rate_new(loop, 3, 1, &one);
  const uint64_t from = avow_now(loop);

  for (int i = 0; i < 9; i++)
    assert_fulfills_none(avow_rate_acquire(r, 1));

  assert_int_equal(avow_now(loop) - from, 4);
  avow_rate_unref(r);
}

static void request_above_the_burst_is_refused(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 3, 30, NULL);

  assert_says(avow_rate_acquire(r, 4), UV_EINVAL,
              "rate: 4 tokens of at most 3");

  assert_true(avow_rate_try(r, 3));
  avow_rate_unref(r);
}

static void released_rate_serves_its_queue(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 10, NULL);
  note_acquires(r, 1, "a", 3);

  avow_rate_unref(r);
  run();

  assert_notes("a@0 a@10 a@20");
}

static void closing_the_loop_cancels_waiting_requests(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 10, NULL);
  assert_true(avow_rate_try(r, 1));
  avow_promise_t *ps[] = { avow_rate_acquire(r, 1), avow_rate_acquire(r, 1) };

  assert_int_equal(avow_loop_close(loop), 0);

  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(avow_error_code(avow_result(ps[i])), UV_ECANCELED);
    avow_unref(ps[i]);
  }
  avow_promise_t *late = avow_rate_acquire(r, 1);
  assert_int_equal(avow_error_code(avow_result(late)), UV_ECANCELED);
  avow_unref(late);
  assert_false(avow_rate_try(r, 1));
  avow_rate_unref(r);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Memory suffices for the waiter, but not for its sleep. */
static void request_rejects_without_memory_for_its_sleep(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 10, NULL);
  assert_true(avow_rate_try(r, 1));
  fail_allocation(2, true); /* the first sleep of a loop makes its wheel */

  avow_promise_t *p = avow_rate_acquire(r, 1);
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  note_acquires(r, 1, "a", 1);
  run();
  assert_notes("a@10");
  avow_rate_unref(r);
}

SUITE(rate) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(burst_is_granted_at_once_and_the_rest_at_the_rate),
    TIMED_CASE(burst_limits_the_saved_tokens),
    TIMED_CASE(fractions_of_a_millisecond_are_not_lost),
    TIMED_CASE(bucket_holds_no_more_than_its_burst),
    TIMED_CASE(many_tokens_can_arrive_in_one_millisecond),
    TIMED_CASE(requests_of_any_size_are_served_in_order),
    TIMED_CASE(canceled_requests_shorten_the_queue),
    TIMED_CASE(request_after_a_canceled_one_waits_its_own_time),
    TIMED_CASE(canceled_request_does_not_keep_the_loop_alive),
    TIMED_CASE(try_takes_available_tokens),
    TIMED_CASE(large_numbers_are_accepted),
    TIMED_CASE(invalid_rates_are_refused),
    TIMED_CASE(invalid_rate_reports_the_invalid_number),
    TIMED_CASE(small_bucket_loses_tokens_above_its_burst),
    TIMED_CASE(request_above_the_burst_is_refused),
    TIMED_CASE(released_rate_serves_its_queue),
    TIMED_CASE(closing_the_loop_cancels_waiting_requests),
    TIMED_CASE(request_rejects_without_memory_for_its_sleep),
  };
  return RUN(tests);
}
