/* SPDX-License-Identifier: MIT */
/*
 * Lag: how long iterations take, what counts, and the statistics.
 * test_turn_time.c has a virtual clock and tests what does not count.
 */
#include "trace/lag.h"

#include "harness.h"

enum { LONG_MS = 20, LONG_US = LONG_MS * 1000 };

static avow_stats_t stats(void) {
  avow_stats_t out;
  avow_loop_stats(loop, &out, sizeof(out));
  return out;
}

/* The histogram. */

static void percentiles_are_at_most_an_eighth_too_high(void **state) {
  for (uint64_t us = 0; us <= UINT32_MAX; us += us / 16 + 1) {
    avow__lag_t lag = { .iterations = 0 };
    avow__lag_note(&lag, us);
    lag.longest = UINT64_MAX; /* it must not affect the percentiles */

    const uint64_t told = avow__lag_at(&lag, 50);

    assert_true(told >= us);
    assert_true(told <= us + us / 8);
  }
}

static void percentiles_count_iterations(void **state) {
  avow__lag_t lag = { .iterations = 0 };
  for (unsigned us = 1; us <= 1000; us++)
    avow__lag_note(&lag, us);

  assert_int_equal(lag.iterations, 1000);
  assert_int_equal(lag.longest, 1000);
  assert_int_in_range(avow__lag_at(&lag, 50), 500, 563);
  assert_int_in_range(avow__lag_at(&lag, 99), 990, 1000);
  assert_int_equal(avow__lag_at(&lag, 100), 1000);
}

/* A median of two values has no rank between them. */
static void median_of_two_is_the_first(void **state) {
  avow__lag_t lag = { .iterations = 0 };
  avow__lag_note(&lag, 3);
  avow__lag_note(&lag, 9);

  assert_int_equal(avow__lag_at(&lag, 50), 3);
  assert_int_equal(avow__lag_at(&lag, 51), 9);
}

static void percentiles_saturate_at_the_maximum(void **state) {
  avow__lag_t lag = { .iterations = 0 };
  avow__lag_note(&lag, UINT64_MAX);

  assert_true(lag.longest == UINT64_MAX);
  assert_int_equal(avow__lag_at(&lag, 99), UINT32_MAX);
}

/* The loop. */

static avow_value_t slow_cb(const avow_value_t *arg, void *data) {
  stall(LONG_MS);
  return avow_none();
}

static avow_value_t sleep_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_sleep(loop, 1));
}

/* Runs after a poll. An iteration is measured only from its poll on, and timers
   that are due when a run begins are called before. */
static avow_promise_t *slow_job(void) {
  avow_promise_t *polled = avow_then(avow_sleep(loop, 1), sleep_cb, NULL, NULL);
  return avow_then(polled, slow_cb, NULL, NULL);
}

static void nothing_is_measured_before_measuring_starts(void **state) {
  assert_fulfills_none(slow_job());

  assert_int_equal(stats().iterations, 0);
  assert_int_equal(stats().lag_median, 0);
  assert_int_equal(stats().lag_p99, 0);
  assert_int_equal(stats().lag_max, 0);
}

static void slow_handler_counts_as_lag(void **state) {
  avow_loop_measure(loop);

  avow_unref(slow_job());
  run();

  assert_int_in_range(stats().iterations, 1, 10);
  assert_true(stats().lag_max >= LONG_US);
  assert_true(stats().lag_median <= stats().lag_p99);
  assert_true(stats().lag_p99 <= stats().lag_max);
}

static void iteration_that_ends_a_run_counts_as_lag(void **state) {
  avow_loop_measure(loop);

  assert_fulfills_none(slow_job());

  assert_true(stats().lag_max >= LONG_US);
}

static void on_timer(uv_timer_t *timer) {
  stall(LONG_MS);
  uv_close((uv_handle_t *) timer, NULL); /* another iteration follows */
}

/* The timer is due after a poll. */
static avow_value_t start_timer_cb(const avow_value_t *arg, void *timer) {
  return avow_error(uv_timer_start(timer, on_timer, 1, 0));
}

static void slow_timer_of_the_program_counts_as_lag(void **state) {
  uv_timer_t timer;
  avow_loop_measure(loop);

  assert_int_equal(uv_timer_init(loop, &timer), 0);
  avow_unref(avow_then(avow_sleep(loop, 1), start_timer_cb, NULL, &timer));
  run();

  assert_true(stats().lag_max >= LONG_US - 2000);
}

static void on_async(uv_async_t *async) {
  avow_unref(avow_sleep(loop, 2 * LONG_MS)); /* another iteration follows */
  stall(LONG_MS);
  uv_close((uv_handle_t *) async, NULL);
}

/* Called within a poll, without a callback of avow after it. */
static void slow_callback_of_the_program_counts_as_lag(void **state) {
  uv_async_t async;
  avow_loop_measure(loop);

  assert_int_equal(uv_async_init(loop, &async, on_async), 0);
  assert_int_equal(uv_async_send(&async), 0);
  run();

  assert_true(stats().lag_max >= LONG_US - 2000);
}

static void measuring_again_resets_the_statistics(void **state) {
  avow_loop_measure(loop);
  assert_fulfills_none(slow_job());

  avow_loop_measure(loop);

  assert_int_equal(stats().iterations, 0);
  assert_int_equal(stats().lag_p99, 0);
  assert_fulfills_none(slow_job());
  assert_true(stats().iterations > 0);
}

static void measuring_does_not_keep_the_loop_alive(void **state) {
  avow_loop_measure(loop);

  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
}

static avow_value_t measure(void *data) {
  assert_int_equal(avow_loop_measure(loop), UV_ECANCELED);
  return avow_none();
}

static void closing_loop_is_not_measured(void **state) {
  avow_loop_measure(loop);
  avow_unref(avow_finally(avow_sleep(loop, 3600000), measure, NULL));

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);

  assert_int_equal(stats().iterations, 0);
}

static void measuring_allocates_once(void **state) {
  const long calls = allocation_calls();

  assert_int_equal(avow_loop_measure(loop), 0);
  assert_int_equal(avow_loop_measure(loop), 0);

  assert_int_equal(allocation_calls(), calls + 1);
}

static void measuring_without_memory_is_refused(void **state) {
  fail_allocation(1, false);

  assert_int_equal(avow_loop_measure(loop), UV_ENOMEM);

  fail_allocation(0, false);
  assert_fulfills_none(slow_job());
  assert_int_equal(stats().iterations, 0);
}

SUITE(lag) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(percentiles_are_at_most_an_eighth_too_high),
    cmocka_unit_test(percentiles_count_iterations),
    cmocka_unit_test(median_of_two_is_the_first),
    cmocka_unit_test(percentiles_saturate_at_the_maximum),
    CASE(nothing_is_measured_before_measuring_starts),
    CASE(slow_handler_counts_as_lag),
    CASE(iteration_that_ends_a_run_counts_as_lag),
    CASE(slow_timer_of_the_program_counts_as_lag),
    CASE(slow_callback_of_the_program_counts_as_lag),
    CASE(measuring_again_resets_the_statistics),
    CASE(measuring_does_not_keep_the_loop_alive),
    CASE(closing_loop_is_not_measured),
    CASE(measuring_allocates_once),
    CASE(measuring_without_memory_is_refused),
  };
  return RUN(tests);
}
