/* SPDX-License-Identifier: MIT */
/* p-retry: repeated attempts. */
#include "npm.h"

#define AGAIN  "again() decides, not the class of the error"
#define NEXT   "prepare() runs only before another attempt"
#define FACTOR "delays double, or pause() returns them; there is no factor"

enum { TIMES = 20, FAILED = UV_EPROTO, OTHER = UV_EINVAL, STOP = UV_EPERM };

/* The plan of a function that is retried, and a record of its calls. */
static struct {
  uint64_t takes;     /* ms */
  uint64_t preparing; /* ms */
  unsigned good;      /* the attempt that succeeds; 0: none */
  unsigned turn;      /* attempts from here fail otherwise; 0: none */
  unsigned calls;     /* so far */
  unsigned attempt;   /* as avow reports it */
  unsigned asked;     /* calls that ask to retry */
  unsigned prepared;  /* calls before an attempt */
  avow_deferred_t *d; /* settled by attempt `good` */
  int code, other;
  uint64_t times[TIMES];
} plan;

static void begin(void) {
  memset(&plan, 0, sizeof(plan));
  plan.code = FAILED;
  plan.other = STOP;
}

static avow_value_t end_attempt(const avow_value_t *arg, void *unused) {
  if (plan.calls == plan.good)
    return avow_int(7);
  return avow_error(plan.turn != 0 && plan.calls >= plan.turn ? plan.other
                                                              : plan.code);
}

static avow_value_t attempt(void *unused) {
  assert_true(plan.calls < TIMES);
  plan.times[plan.calls++] = avow_now(loop);
  if (plan.takes == 0)
    return end_attempt(NULL, NULL);
  return avow_follow(
      avow_then(avow_sleep(loop, plan.takes), end_attempt, NULL, NULL));
}

static bool unless_stopped(const avow_value_t *error, void *unused) {
  plan.asked++;
  return avow_error_code(error) != STOP;
}

static bool never(const avow_value_t *error, void *unused) {
  plan.asked++;
  note("again");
  return false;
}

static avow_value_t prepare(const avow_value_t *error, void *unused) {
  plan.prepared++;
  assert_int_equal(avow_error_code(error), plan.code);
  assert_int_equal(plan.attempt, plan.calls);
  return avow_none();
}

static avow_promise_t *try_it(const avow_retry_options_t *options) {
  return avow_retry(loop, attempt, NULL, options);
}

/* Asserts that the function fails, and the delay before each attempt except the
   first. */
static void assert_delays(const avow_retry_options_t *options,
                          const unsigned delays[], size_t n) {
  assert_rejects(try_it(options), FAILED);
  assert_int_equal(plan.calls, n + 1);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(plan.times[i + 1] - plan.times[i], delays[i]);
}

static void attempts_repeat_until_one_succeeds(void **state) {
  plan.takes = 40;
  plan.good = 3;

  assert_fulfills_int(try_it(NULL), 7);

  assert_int_equal(plan.calls, 3);
}

static void attempts_may_be_unlimited(void **state) {
  plan.turn = 15;
  const avow_retry_options_t options = { .attempts = UINT_MAX,
                                         .again = unless_stopped };

  assert_rejects(try_it(&options), STOP);

  assert_int_equal(plan.calls, 15);
}

static avow_value_t throw_text(void *unused) {
  return avow_follow(avow_promise_reject(loop, avow_bytes("foo", 3)));
}

static void reason_that_is_no_error_becomes_one(void **state) {
  const avow_retry_options_t options = { .attempts = 2 };

  assert_rejects(avow_retry(loop, throw_text, NULL, &options), AVOW_EREASON);
}

static void again_may_make_an_error_final(void **state) {
  plan.takes = 40;
  plan.turn = 1;
  const avow_retry_options_t options = { .again = unless_stopped };

  assert_rejects(try_it(&options), STOP);

  assert_int_equal(plan.calls, 1);
}

static void other_errors_are_retried(void **state) {
  plan.takes = 40;
  plan.code = OTHER;
  plan.good = 3;
  const avow_retry_options_t options = { .again = unless_stopped };

  assert_fulfills_int(try_it(&options), 7);
}

static void timeout_keeps_the_errors_as_its_cause(void **state) {
  plan.takes = 60;
  const avow_retry_options_t options = { .timeout = 100,
                                         .delay = 1,
                                         .exact = true };

  avow_promise_t *p = try_it(&options);
  avow_value_unref(avow_run(avow_ref(p)));

  const avow_value_t *reason = avow_result(p);
  assert_int_equal(avow_error_code(reason), UV_ETIMEDOUT);
  const avow_value_t *before = avow_error_cause(reason);
  assert_int_equal(avow_error_code(avow_list_at(before, 0)), FAILED);
  avow_unref(p);
}

static void final_error_stops_the_attempts(void **state) {
  plan.turn = 3;
  plan.takes = 40;
  const avow_retry_options_t options = { .again = unless_stopped,
                                         .attempts = 10 };

  assert_rejects(try_it(&options), STOP);

  assert_int_equal(plan.calls, 3);
}

static void final_error_stops_a_retry_without_delay(void **state) {
  plan.turn = 2;
  const avow_retry_options_t options = { .again = unless_stopped,
                                         .attempts = 11 };

  assert_rejects(try_it(&options), STOP);

  assert_int_equal(plan.calls, 2);
}

static avow_value_t abort_third(void *unused) {
  const avow_value_t v = attempt(NULL);
  if (plan.calls == 3)
    (void) avow_reject(plan.d, avow_error(OTHER)); /* true: pending */
  return v;
}

static void reason_of_an_abort_is_preserved(void **state) {
  plan.takes = 40;
  avow_promise_t *stop = avow_promise_new(loop, &plan.d);
  avow_promise_t *p = avow_retry(loop, abort_third, NULL, NULL);

  assert_rejects(avow_until(p, stop), OTHER);

  assert_int_equal(plan.calls, 3);
  avow_unref(stop);
}

static void again_that_returns_false_stops_the_attempts(void **state) {
  const avow_retry_options_t options = { .attempts = 6, .again = never };

  assert_rejects(try_it(&options), FAILED);

  assert_int_equal(plan.calls, 1);
}

static avow_value_t wait_first(const avow_value_t *error, void *unused) {
  return avow_follow(avow_sleep(loop, plan.preparing));
}

static void preparation_counts_toward_the_timeout(void **state) {
  plan.preparing = 100;
  const avow_retry_options_t options = { .attempts = 11,
                                         .timeout = 1000,
                                         .prepare = wait_first };

  assert_rejects(try_it(&options), UV_ETIMEDOUT);

  assert_int_equal(avow_now(loop), 1000);
  assert_true(plan.calls < 10);
}

static void prepare_receives_the_error_and_attempt(void **state) {
  plan.takes = 40;
  plan.good = 3;
  const avow_retry_options_t options = { .attempts = 6,
                                         .attempt = &plan.attempt,
                                         .prepare = prepare };

  assert_fulfills_int(try_it(&options), 7);

  assert_int_equal(plan.calls, 3);
  assert_int_equal(plan.prepared, 2);
}

static void prepare_may_wait(void **state) {
  plan.preparing = 1000;
  plan.good = 2;
  const avow_retry_options_t options = { .prepare = wait_first };

  assert_fulfills_int(try_it(&options), 7);

  assert_true(avow_now(loop) >= 1000);
}

static avow_value_t throw_other(const avow_value_t *error, void *unused) {
  return avow_error(OTHER);
}

static void prepare_may_reject(void **state) {
  const avow_retry_options_t options = { .prepare = throw_other };

  assert_rejects(try_it(&options), OTHER);

  assert_int_equal(plan.calls, 1);
}

static void options_may_be_left_out(void **state) {
  const avow_retry_options_t options = { .attempts = 2 };

  assert_rejects(try_it(&options), FAILED);

  assert_int_equal(plan.calls, 2);
}

static void delays_double(void **state) {
  const avow_retry_options_t options = { .attempts = 4,
                                         .delay = 100,
                                         .max_delay = UINT64_MAX,
                                         .exact = true };

  assert_delays(&options, (unsigned[]){ 100, 200, 400 }, 3);
}

static uint64_t halve(const avow_value_t *error, uint64_t delay, void *unused) {
  return 100u >> (plan.calls - 1);
}

static uint64_t a_tenth(const avow_value_t *error, uint64_t delay,
                        void *unused) {
  return plan.calls == 1 ? 100 : 10;
}

static uint64_t hundred(const avow_value_t *error, uint64_t delay,
                        void *unused) {
  return 100;
}

static void delays_may_shrink(void **state) {
  const avow_retry_options_t options = { .attempts = 4, .pause = halve };

  assert_delays(&options, (unsigned[]){ 100, 50, 25 }, 3);
}

static void pause_may_return_any_delay(void **state) {
  const avow_retry_options_t options = { .attempts = 3, .pause = a_tenth };

  assert_delays(&options, (unsigned[]){ 100, 10 }, 2);
}

static void pause_may_return_a_constant_delay(void **state) {
  const avow_retry_options_t options = { .attempts = 3, .pause = hundred };

  assert_delays(&options, (unsigned[]){ 100, 100 }, 2);
}

static void delays_have_a_limit(void **state) {
  const avow_retry_options_t options = { .attempts = 4,
                                         .delay = 100,
                                         .max_delay = 150,
                                         .exact = true };

  assert_delays(&options, (unsigned[]){ 100, 150, 150 }, 3);
}

static void first_delay_has_a_limit(void **state) {
  const avow_retry_options_t options = { .attempts = 2,
                                         .delay = 200,
                                         .max_delay = 50,
                                         .exact = true };

  assert_delays(&options, (unsigned[]){ 50 }, 1);
}

static void delays_are_random_up_to_the_full_delay(void **state) {
  const avow_retry_options_t options = { .attempts = 4,
                                         .delay = 100,
                                         .seed = 1 };

  assert_rejects(try_it(&options), FAILED);

  for (unsigned i = 0; i < 3; i++)
    assert_in_range(plan.times[i + 1] - plan.times[i], 0, 100u << i);
}

static void retry_has_a_total_timeout(void **state) {
  plan.takes = 400;
  const avow_retry_options_t options = { .attempts = 11,
                                         .delay = 100,
                                         .timeout = 1000,
                                         .exact = true };

  assert_rejects(try_it(&options), UV_ETIMEDOUT);

  assert_int_equal(avow_now(loop), 1000);
}

static void timeout_applies_during_preparation(void **state) {
  plan.preparing = 300;
  const avow_retry_options_t options = { .timeout = 200,
                                         .prepare = wait_first };

  assert_rejects(try_it(&options), UV_ETIMEDOUT);

  assert_int_equal(plan.calls, 1);
  assert_int_equal(avow_now(loop), 200);
}

static void signal_ends_a_delay(void **state) {
  const avow_retry_options_t options = { .attempts = 6,
                                         .delay = 500,
                                         .exact = true };
  avow_promise_t *stop =
      avow_then(avow_sleep(loop, 50), throw_other, NULL, NULL);

  assert_rejects(avow_until(try_it(&options), stop), OTHER);

  assert_int_equal(avow_now(loop), 50);
  avow_unref(stop);
}

static void settled_signal_prevents_all_attempts(void **state) {
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(OTHER));

  assert_rejects(avow_until(try_it(NULL), stop), OTHER);

  assert_int_equal(plan.calls, 0);
  avow_unref(stop);
}

static void one_attempt_is_not_repeated(void **state) {
  const avow_retry_options_t options = { .attempts = 1 };

  assert_rejects(try_it(&options), FAILED);

  assert_int_equal(plan.calls, 1);
}

static void reserved_fields_are_refused(void **state) {
  const avow_retry_options_t options = { .reserved = { 1 } };

  assert_rejects(try_it(&options), UV_EINVAL);

  assert_int_equal(plan.calls, 0);
}

static void default_is_three_attempts(void **state) {
  assert_rejects(try_it(NULL), FAILED);

  assert_int_equal(plan.calls, 3);
}

static avow_value_t give_none(void *unused) {
  plan.calls++;
  return avow_none();
}

static void none_is_a_success(void **state) {
  assert_fulfills_none(avow_retry(loop, give_none, NULL, NULL));
  assert_int_equal(plan.calls, 1);
}

static avow_value_t wait_weakly(const avow_value_t *error, void *unused) {
  return avow_follow(avow_sleep_weak(loop, 50));
}

static uint64_t no_time(const avow_value_t *error, uint64_t delay,
                        void *unused) {
  return 0;
}

static void weak_delay_does_not_keep_the_loop_alive(void **state) {
  const avow_retry_options_t options = { .prepare = wait_weakly,
                                         .pause = no_time };

  assert_rejects(try_it(&options), AVOW_EIDLE);
  assert_int_equal(plan.calls, 1);
}

static avow_value_t add_up(void *data) {
  int *sum = data;
  return ++*sum < 3 ? avow_error(FAILED) : avow_int(*sum);
}

static void data_is_passed_to_the_function(void **state) {
  int sum = 0;
  assert_fulfills_int(avow_retry(loop, add_up, &sum, NULL), 3);
}

static const npm_case_t cases[] = {
  SAME("retries", attempts_repeat_until_one_succeeds),
  SAME("retries forever when specified", attempts_may_be_unlimited),
  SAME("throws useful error message when non-error is thrown",
       reason_that_is_no_error_becomes_one),
  DIFFERS("no retry on TypeError", again_may_make_an_error_final,
          "again() decides which errors are final"),
  UNSAID("shouldRetry is not called for non-network TypeError", AGAIN),
  SAME("retry on TypeError - failed to fetch", other_errors_are_retried),
  DIFFERS("errors are preserved when maxRetryTime exceeded",
          timeout_keeps_the_errors_as_its_cause,
          "the reason is the timeout, and its cause lists the errors"),
  UNSAID("AbortError - string", AGAIN),
  UNSAID("AbortError - error", AGAIN),
  SAME("aborts", final_error_stops_the_attempts),
  SAME("operation stops immediately on AbortError",
       final_error_stops_a_retry_without_delay),
  UNSAID("shouldRetry is not called for AbortError", AGAIN),
  SAME("preserves the abort reason", reason_of_an_abort_is_preserved),
  SAME("shouldRetry controls retry behavior", final_error_stops_the_attempts),
  UNSAID("onFailedAttempt then shouldRetry order", NEXT),
  SAME("handles async shouldRetry with maxRetryTime",
       preparation_counts_toward_the_timeout),
  SAME("onFailedAttempt provides correct error details",
       prepare_receives_the_error_and_attempt),
  DIFFERS("onFailedAttempt is called even when shouldRetry returns false",
          again_that_returns_false_stops_the_attempts, NEXT),
  SAME("onFailedAttempt can return a promise to add a delay", prepare_may_wait),
  SAME("onFailedAttempt can throw to abort retries", prepare_may_reject),
  UNSAID("retry context object is immutable", "the type is const"),
  SAME("onFailedAttempt can be undefined", options_may_be_left_out),
  SAME("shouldRetry can be undefined", options_may_be_left_out),
  SAME("factor affects exponential backoff", delays_double),
  SAME("timeouts are incremental with factor", delays_may_shrink),
  SAME("minTimeout is respected even with small factor",
       pause_may_return_any_delay),
  SAME("maxTimeout caps retry delays", delays_have_a_limit),
  SAME("maxTimeout lower than minTimeout caps delay", first_delay_has_a_limit),
  DIFFERS("randomize affects retry delays",
          delays_are_random_up_to_the_full_delay,
          "the delay is random between 0 and the full delay"),
  SAME("maxRetryTime limits total retry duration", retry_has_a_total_timeout),
  SAME("onFailedAttempt time counts toward maxRetryTime",
       timeout_applies_during_preparation),
  SAME("signal abort during delay cancels promptly", signal_ends_a_delay),
  SAME("aborts immediately if signal is already aborted with reason",
       settled_signal_prevents_all_attempts),
  UNSAID("throws on negative retry count", "the type is unsigned"),
  UNSAID("throws on non-number retries", "the compiler checks types"),
  UNSAID("throws on NaN retries", "the compiler checks types"),
  SAME("handles zero retries", one_attempt_is_not_repeated),
  UNSAID("onFailedAttempt still called when retries is zero", NEXT),
  UNSAID("invalid numeric options throw", "the types are unsigned"),
  UNSAID("factor <= 0 is treated as 1 (stable delays)", FACTOR),
  DIFFERS("unsupported `forever` option throws", reserved_fields_are_refused,
          "reserved fields that are not zero are refused"),
  DIFFERS("handles zero maxRetryTime", default_is_three_attempts,
          "0 means the default, which is no limit"),
  DIFFERS("handles invalid factor values", pause_may_return_a_constant_delay,
          FACTOR),
  SAME("handles synchronous input function", default_is_three_attempts),
  SAME("aborts retries if input function returns null", none_is_a_success),
  SAME("handles non-Error rejection values",
       reason_that_is_no_error_becomes_one),
  DIFFERS("unref option prevents timeout from keeping process alive",
          weak_delay_does_not_keep_the_loop_alive,
          "prepare() can follow a weak sleep"),
  UNSAID("unref option handles missing unref gracefully",
         "the case tests timers of other runtimes"),
  UNSAID(
      "preserves user stack trace through async retries",
      "errors have no stack; a trace build records where promises were made"),
  SAME("makeRetriable wraps and retries the function",
       data_is_passed_to_the_function),
  SAME("makeRetriable passes arguments and options",
       data_is_passed_to_the_function),
  UNSAID("makeRetriable preserves `this` context", "C has no `this`"),
  UNSAID("throws error from shouldRetry",
         "again() returns a bool; prepare() may return an error"),
  UNSAID("retriesLeft is Infinity when retries is Infinity",
         "the caller knows the number of retries"),
};

SUITE(p_retry) {
  return RUN_NPM("p-retry 7.0.0", cases, begin);
}
