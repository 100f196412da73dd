/* SPDX-License-Identifier: MIT */
/* p-throttle: a rate. */
#include "throttled.h"

#define SPENT   "a canceled caller does not return its tokens"
#define NO_THIS "C has no `this`"
#define NO_SIZE "the program counts the calls that wait"

static void wait_for(uint64_t ms) {
  finish(avow_sleep(loop, ms));
}

static void assert_spaced(size_t limit, uint64_t ms) {
  for (size_t i = limit; i < called; i++)
    assert_true(times[i] - times[i - limit] >= ms);
}

static void rate_is_kept(void **state) {
  avow_rate_t *r = every(5, 100, 0);

  finish(throttled_many(r, 100));

  assert_int_equal(called, 100);
  assert_int_equal(avow_now(loop), 1900);
  avow_rate_unref(r);
}

static avow_promise_t *say(const avow_rate_t *r, char *word) {
  return avow_then(avow_rate_acquire(r, 1), note_cb, NULL, word);
}

static void each_call_receives_its_own_data(void **state) {
  avow_rate_t *r = every(2, 100, 0);
  avow_promise_t *ps[] = { say(r, "first"), say(r, "second"), say(r, "third"),
                           say(r, "last") };

  finish(avow_all(loop, ps, 4));

  assert_notes("first second third last");
  avow_rate_unref(r);
}

static void burst_of_one_limits_each_interval_strictly(void **state) {
  avow_rate_t *r = every(5, 100, 1);

  finish(throttled_many(r, 100));

  assert_spaced(5, 100);
  assert_int_equal(avow_now(loop), 1980);
  avow_rate_unref(r);
}

static void no_interval_exceeds_the_limit(void **state) {
  avow_rate_t *r = every(2, 80, 1);

  finish(throttled_many(r, 8));

  assert_spaced(2, 80);
  avow_rate_unref(r);
}

static void burst_of_one_spaces_calls_evenly(void **state) {
  avow_rate_t *r = every(3, 90, 1);

  finish(throttled_many(r, 9));

  assert_spaced(1, 30);
  avow_rate_unref(r);
}

static void rate_limits_calls_after_a_pause(void **state) {
  avow_rate_t *r = every(10, 100, 0);
  finish(throttled(r, 1));
  wait_for(40);

  finish(throttled_many(r, 11));

  for (size_t i = 1; i < 11; i++)
    assert_int_equal(times[i], 40);
  assert_int_equal(times[11], 50);
  avow_rate_unref(r);
}

static avow_value_t pass_on(const avow_value_t *arg, void *number) {
  return avow_int(*(int *) number);
}

static avow_value_t throw_it(const avow_value_t *arg, void *unused) {
  return avow_error(UV_EPROTO);
}

static avow_value_t sleep_and_throw(const avow_value_t *arg, void *unused) {
  return avow_follow(avow_then(avow_sleep(loop, 1), throw_it, NULL, NULL));
}

static void data_is_passed_to_the_handler(void **state) {
  avow_rate_t *r = every(1, 100, 0);
  int fixture = 7;

  assert_fulfills_int(avow_then(avow_rate_acquire(r, 1), pass_on, NULL,
                                &fixture),
                      7);

  avow_rate_unref(r);
}

static void settled_signal_rejects_a_call(void **state) {
  avow_rate_t *r = every(1, 100, 0);
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));

  assert_rejects(avow_until(throttled(r, 1), stop), UV_EPERM);

  assert_int_equal(called, 1);
  avow_unref(stop);
  avow_rate_unref(r);
}

static void one_signal_rejects_callers_of_many_rates(void **state) {
  avow_rate_t *rs[24];
  avow_promise_t *ps[24];
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  for (size_t i = 0; i < 24; i++) {
    rs[i] = every(1, 100, i % 2);
    finish(throttled(rs[i], 1));
    ps[i] = avow_until(throttled(rs[i], 1), stop);
  }

  assert_true(avow_reject(d, avow_error(UV_EPERM)));

  for (size_t i = 0; i < 24; i++) {
    assert_rejects(ps[i], UV_EPERM);
    avow_rate_unref(rs[i]);
  }
  assert_no_time_passes();
  avow_unref(stop);
}

static void signal_rejects_only_its_own_callers(void **state) {
  avow_rate_t *r = every(1, 200, 0), *other = every(1, 200, 0);
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  finish(throttled(r, 1));
  finish(throttled(other, 1));
  avow_promise_t *p = avow_until(throttled(r, 1), stop);
  avow_promise_t *q = throttled(other, 1);

  assert_true(avow_reject(d, avow_error(UV_EPERM)));

  assert_rejects(p, UV_EPERM);
  assert_fulfills_int(q, 200);
  avow_unref(stop);
  avow_rate_unref(r);
  avow_rate_unref(other);
}

static void failures_are_passed_on(void **state) {
  avow_rate_t *r = every(1, 100, 0);

  assert_rejects(avow_then(avow_rate_acquire(r, 1), throw_it, NULL, NULL),
                 UV_EPROTO);
  assert_rejects(avow_then(avow_rate_acquire(r, 1), sleep_and_throw, NULL,
                           NULL),
                 UV_EPROTO);

  assert_int_equal(avow_now(loop), 101);
  avow_rate_unref(r);
}

static void assert_at_once(uint64_t limit, size_t n) {
  avow_rate_t *r = every(limit, 100, 0);
  finish(throttled_many(r, n));
  assert_int_equal(avow_now(loop), 0);
  assert_int_equal(called, n);
  avow_rate_unref(r);
}

static void limit_of_one_admits_one_call_at_once(void **state) {
  assert_at_once(1, 1);
}

static void limit_of_five_admits_five_calls_at_once(void **state) {
  assert_at_once(5, 5);
}

static void limit_of_ten_admits_ten_calls_at_once(void **state) {
  assert_at_once(10, 10);
}

static void limit_of_ten_admits_five_calls_at_once(void **state) {
  assert_at_once(10, 5);
}

static void limit_of_ten_admits_two_calls_at_once(void **state) {
  assert_at_once(10, 2);
}

static void rates_are_independent(void **state) {
  avow_rate_t *r = every(1, 100, 0), *other = every(1, 200, 0);

  finish(throttled(r, 1));
  finish(throttled(other, 1));

  assert_int_equal(avow_now(loop), 0);
  avow_rate_unref(r);
  avow_rate_unref(other);
}

static void waiting_call_outlives_the_last_reference(void **state) {
  avow_rate_t *r = every(1, 100, 0);
  finish(throttled(r, 1));

  avow_promise_t *p = throttled(r, 1);
  avow_rate_unref(r);

  assert_fulfills_int(p, 100);
}

static void calls_above_the_limit_wait(void **state) {
  avow_rate_t *r = every(2, 100, 0);
  avow_promise_t *p = throttled_many(r, 2);
  wait_for(25);

  finish(throttled_many(r, 2));

  finish(p);
  assert_int_equal(times[2], 50);
  assert_int_equal(times[3], 100);
  avow_rate_unref(r);
}

static void token_is_available_after_an_interval(void **state) {
  avow_rate_t *r = every(1, 100, 0);
  finish(throttled(r, 1));
  wait_for(150);

  finish(throttled(r, 1));

  assert_int_equal(times[1], 150);
  avow_rate_unref(r);
}

static void short_intervals_keep_the_order(void **state) {
  avow_rate_t *r = every(1, 1, 0);

  finish(throttled_many(r, 25));

  for (size_t i = 0; i < 25; i++)
    assert_int_equal(times[i], i);
  avow_rate_unref(r);
}

static void calls_may_arrive_one_by_one(void **state) {
  avow_rate_t *r = every(3, 50, 0);
  avow_promise_t *ps[10];
  for (size_t i = 0; i < 10; i++) {
    ps[i] = throttled(r, 1);
    wait_for(10);
  }

  finish(avow_all(loop, ps, 10));

  assert_int_equal(called, 10);
  avow_rate_unref(r);
}

static const npm_case_t cases[] = {
  SAME("main", rate_is_kept),
  UNSAID("queue size", NO_SIZE),
  SAME("guarantees last call execution with correct context and arguments",
       each_call_receives_its_own_data),
  DIFFERS("strict mode", burst_of_one_limits_each_interval_strictly, STRICT),
  DIFFERS("strict mode handles limit 0 without crashing", zero_limit_is_refused,
          NO_LIMIT),
  DIFFERS("strict mode never exceeds the limit within an interval",
          no_interval_exceeds_the_limit, STRICT),
  DIFFERS("strict mode enforces spacing between saturated executions",
          burst_of_one_spaces_calls_evenly, STRICT),
  UNSAID("limits after pause in strict mode", STRICT),
  DIFFERS("limits after pause in windowed mode",
          rate_limits_calls_after_a_pause, BUCKET),
  SAME("passes arguments through", data_is_passed_to_the_handler),
  DIFFERS("throw if aborted", settled_signal_rejects_a_call,
          "a call whose token is available runs"),
  SAME("can be aborted", signal_rejects_a_waiting_caller),
  UNSAID("can be disabled", NO_SWITCH),
  SAME("promise rejections are thrown", failures_are_passed_on),
  UNSAID("`this` is preserved in throttled function", NO_THIS),
  SAME("respects limit of 1 calls", limit_of_one_admits_one_call_at_once),
  SAME("respects limit of 5 calls", limit_of_five_admits_five_calls_at_once),
  SAME("respects limit of 10 calls", limit_of_ten_admits_ten_calls_at_once),
  SAME("handles multiple instances independently", rates_are_independent),
  UNSAID("disable and re-enable functionality", NO_SWITCH),
  DIFFERS("isEnabled=false does not cancel already queued items",
          waiting_call_outlives_the_last_reference,
          "waiting calls get their tokens, also after the last release"),
  SAME("double abort is safe", one_signal_rejects_callers_of_many_rates),
  SAME("stability under high load", rate_is_kept),
  DIFFERS("handles zero interval", zero_interval_is_refused, NO_INTERVAL),
  DIFFERS("handles zero interval in strict mode with no delays and no onDelay",
          zero_interval_is_refused, NO_INTERVAL),
  UNSAID("invalid options throw", NO_NUMBERS),
  SAME("handles simultaneous calls", limit_of_five_admits_five_calls_at_once),
  SAME("clears queue after abort", signal_rejects_a_waiting_caller),
  UNSAID("abort resets windowed counters so next call is not delayed", SPENT),
  UNSAID("abort resets strict counters so next call is not delayed", SPENT),
  SAME("allows immediate execution with high limit",
       limit_of_ten_admits_five_calls_at_once),
  DIFFERS("queues calls beyond limit", calls_above_the_limit_wait, BUCKET),
  SAME("resets interval after inactivity",
       token_is_available_after_an_interval),
  SAME("maintains function execution order", each_call_receives_its_own_data),
  SAME("handles extremely short intervals", short_intervals_keep_the_order),
  DIFFERS("windowed with interval 0 executes all immediately without onDelay",
          zero_interval_is_refused, NO_INTERVAL),
  SAME("executes immediately for limit greater than calls",
       limit_of_ten_admits_two_calls_at_once),
  SAME("manages rapid successive calls", calls_may_arrive_one_by_one),
  DIFFERS("onDelay", try_returns_whether_a_token_is_available, NO_HOOK),
  UNSAID("onDelay receives arguments for blocked calls (limit 0)", NO_HOOK),
  UNSAID("onDelay exceptions do not affect execution", NO_HOOK),
  UNSAID("onDelay fires for delayed calls even if later aborted", NO_HOOK),
  SAME("very short intervals preserve order and resolve (windowed and strict)",
       short_intervals_keep_the_order),
  SAME("supports errors in the throttled function", failures_are_passed_on),
  SAME("shared signal abort clears queues (windowed and strict)",
       one_signal_rejects_callers_of_many_rates),
  SAME("abort affects only instances using that signal",
       signal_rejects_only_its_own_callers),
  SAME("signal registration shared across multiple throttled functions",
       one_signal_rejects_callers_of_many_rates),
  SAME("signal registration cleanup after abort",
       signal_rejects_a_waiting_caller),
  SAME("signal registration isolation between different signals",
       signal_rejects_only_its_own_callers),
  SAME("shared signal abort rejects both blocked and windowed throttles",
       one_signal_rejects_callers_of_many_rates),
  SAME("signal registration with complex abort reasons",
       signal_rejects_a_waiting_caller),
  UNSAID("bypassed calls while disabled do not affect future throttling state",
         NO_SWITCH),
  SAME("FinalizationRegistry WeakRef behavior with signal registration",
       one_signal_rejects_callers_of_many_rates),
  DIFFERS("strict mode handles setTimeout drift",
          burst_of_one_limits_each_interval_strictly, STRICT),
  DIFFERS(
      "strict weighted mode with sequential scheduling respects future ticks",
      no_interval_exceeds_the_limit, STRICT),
  UNSAID("strict weighted mode with heavy weights and future ticks", STRICT),
  UNSAID("strict weighted mode with mixed immediate and delayed calls", STRICT),
  DIFFERS("weight with interval=0 is rejected", zero_interval_is_refused,
          NO_INTERVAL),
  UNSAID("non-strict mode with interval=0 still works", NO_INTERVAL),
};

SUITE(p_throttle) {
  return RUN_NPM("p-throttle 8.1.0", cases, NULL);
}
