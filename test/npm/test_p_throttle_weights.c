/* SPDX-License-Identifier: MIT */
/* p-throttle: calls of different weight. */
#include "throttled.h"

static void assert_waits(uint64_t limit, uint64_t ms, uint64_t weight,
                         uint64_t second, uint64_t at) {
  avow_rate_t *r = every(limit, ms, 0);
  finish(throttled(r, weight));
  finish(throttled(r, second));
  assert_int_equal(times[1], at);
  avow_rate_unref(r);
}

static void call_waits_for_its_weight_in_tokens(void **state) {
  assert_waits(100, 100, 100, 10, 10);
}

static void full_weight_takes_a_full_interval(void **state) {
  assert_waits(50, 100, 50, 50, 100);
}

static void wait_is_proportional_to_weight(void **state) {
  avow_rate_t *r = every(100, 1000, 0);
  finish(throttled(r, 100));
  avow_promise_t *ps[] = { throttled(r, 50), throttled(r, 50) };

  finish(avow_all(loop, ps, 2));

  assert_int_equal(times[1], 500);
  assert_int_equal(times[2], 1000);
  avow_rate_unref(r);
}

static void weight_above_the_limit_is_refused(void **state) {
  avow_rate_t *r = every(10, 100, 0);

  assert_rejects(avow_rate_acquire(r, 20), UV_EINVAL);

  avow_rate_unref(r);
}

static void zero_weight_does_not_wait(void **state) {
  avow_rate_t *r = every(10, 1000, 0);
  finish(throttled(r, 10));

  for (size_t i = 0; i < 3; i++)
    finish(throttled(r, 0));

  assert_int_equal(avow_now(loop), 0);
  avow_rate_unref(r);
}

static void weights_within_the_limit_run_together(void **state) {
  avow_rate_t *r = every(100, 200, 0);
  avow_promise_t *ps[] = { throttled(r, 30), throttled(r, 40),
                           throttled(r, 30) };
  finish(avow_all(loop, ps, 3));
  assert_int_equal(avow_now(loop), 0);

  finish(throttled(r, 10));

  assert_int_equal(times[3], 20);
  avow_rate_unref(r);
}

static void four_quarters_of_the_limit_run_together(void **state) {
  avow_rate_t *r = every(100, 200, 0);
  avow_promise_t *ps[] = { throttled(r, 25), throttled(r, 25), throttled(r, 25),
                           throttled(r, 25) };

  finish(avow_all(loop, ps, 4));

  assert_int_equal(avow_now(loop), 0);
  avow_rate_unref(r);
}

static void many_light_calls_run_together(void **state) {
  avow_rate_t *r = every(1000, 100, 0);

  finish(throttled_many(r, 100));

  assert_int_equal(avow_now(loop), 0);
  avow_rate_unref(r);
}

static void waiting_calls_are_served_in_order(void **state) {
  avow_rate_t *r = every(100, 500, 0);
  avow_promise_t *ps[] = { throttled(r, 50), throttled(r, 30), throttled(r, 40),
                           throttled(r, 20) };

  finish(avow_all(loop, ps, 4));

  assert_int_equal(times[1], 0);
  assert_int_equal(times[2], 100);
  assert_int_equal(times[3], 200);
  avow_rate_unref(r);
}

static const npm_case_t cases[] = {
  DIFFERS("strict mode with weights - enforces sliding window constraint",
          call_waits_for_its_weight_in_tokens, BUCKET),
  UNSAID("strict mode with weights - never exceeds capacity in sliding window",
         STRICT),
  DIFFERS("strict mode with weights - spacing proportional to weight",
          wait_is_proportional_to_weight, BUCKET),
  UNSAID("weight function must return a number", NO_NUMBERS),
  UNSAID("weight must be finite", NO_NUMBERS),
  UNSAID("weight must be non-negative", NO_NUMBERS),
  SAME("weight must be <= limit", weight_above_the_limit_is_refused),
  UNSAID("weight function can throw", "a weight is an argument"),
  SAME("weight of 0 executes immediately", zero_weight_does_not_wait),
  DIFFERS("limit = 0 only allows weight 0", zero_limit_is_refused, NO_LIMIT),
  DIFFERS("weight with interval = 0 throws", zero_interval_is_refused,
          NO_INTERVAL),
  DIFFERS("windowed mode with weights enforces limit per window",
          weights_within_the_limit_run_together, BUCKET),
  DIFFERS("strict mode sliding window boundary is exclusive",
          call_waits_for_its_weight_in_tokens, BUCKET),
  DIFFERS("strict mode handles mixed weights correctly",
          weights_within_the_limit_run_together, BUCKET),
  SAME("abort clears weighted throttle queue", signal_rejects_a_waiting_caller),
  SAME("very small weights work correctly", many_light_calls_run_together),
  SAME("weight equal to limit executes immediately when window empty",
       full_weight_takes_a_full_interval),
  UNSAID("weighted strict mode respects sliding window with queued requests",
         STRICT),
  DIFFERS("weighted strict mode handles burst of different weights",
          waiting_calls_are_served_in_order, BUCKET),
  UNSAID("weight returns NaN", NO_NUMBERS),
  DIFFERS("fractional weights work correctly",
          weights_within_the_limit_run_together, "weights are integers"),
  SAME("weights exactly filling window execute together",
       four_quarters_of_the_limit_run_together),
  SAME("weight 0 mixed with non-zero weights", zero_weight_does_not_wait),
  SAME("many concurrent small weighted requests",
       many_light_calls_run_together),
  DIFFERS("onDelay callback receives arguments with weights",
          try_returns_whether_a_token_is_available, NO_HOOK),
  UNSAID("isEnabled=false bypasses weight limit", NO_SWITCH),
  DIFFERS("weighted windowed mode handles overflow to next window",
          call_waits_for_its_weight_in_tokens, BUCKET),
  SAME("weighted strict mode with single heavy request",
       full_weight_takes_a_full_interval),
  UNSAID("weight calculation with multiple arguments",
         "a weight is an argument"),
  SAME("weighted strict mode executes when capacity available",
       weights_within_the_limit_run_together),
};

SUITE(p_throttle_weights) {
  return RUN_NPM("p-throttle 8.1.0", cases, NULL);
}
