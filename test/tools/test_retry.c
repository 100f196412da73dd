/* SPDX-License-Identifier: MIT */
/* Retries, and the delays before them. */
#include "elsewhere.h"
#include "harness.h"
#include "tools/backoff.h"

/* Fails a number of times, then returns the number of the attempt. */
typedef struct {
  int failures, attempts;
  int give_up_on;  /* code of an error */
  unsigned number; /* of the attempt, as passed to it */
  avow_promise_t *whole;
  avow_deferred_t *deferred;
} work_t;

static avow_value_t attempt(void *data) {
  work_t *work = data;
  if (++work->attempts > work->failures)
    return avow_int(work->attempts);
  return avow_error_new(-30000 - work->attempts, avow_none(), "failure %d",
                        work->attempts);
}

static bool is_retryable(const avow_value_t *error, void *data) {
  const work_t *work = data;
  return avow_error_code(error) != work->give_up_on;
}

static avow_value_t hang(void *data) {
  work_t *work = data;
  work->attempts++;
  avow_promise_t *p = avow_promise_new(loop, &work->deferred);
  avow_on_cancel(work->deferred, note_free, "stopped");
  return avow_follow(p);
}

static avow_value_t hang_after_a_failure(void *data) {
  const work_t *work = data;
  return work->attempts == 0 ? attempt(data) : hang(data);
}

static const avow_retry_options_t quick = { .delay = 1, .max_delay = 1 };

static void retry_returns_the_first_success(void **state) {
  work_t work = { .failures = 2 };

  avow_promise_t *p = avow_retry(loop, attempt, &work, &quick);

  assert_int_equal(work.attempts, 0);
  assert_fulfills_int(p, 3);
}

static void retry_calls_once_if_the_first_attempt_succeeds(void **state) {
  work_t work = { .failures = 0 };

  assert_fulfills_int(avow_retry(loop, attempt, &work, NULL), 1);
}

static void last_error_has_all_errors_as_its_cause(void **state) {
  work_t work = { .failures = 10 };

  const avow_value_t v = avow_run(avow_retry(loop, attempt, &work, &quick));

  assert_int_equal(work.attempts, 3);
  assert_int_equal(avow_error_code(&v), -30003);
  assert_string_equal(avow_error_message(&v), "failure 3");
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 3);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(avow_list_at(all, i)->code, -30001 - (int) i);
  avow_value_unref(v);
}

static void single_error_is_unchanged(void **state) {
  work_t work = { .failures = 10 };
  const avow_retry_options_t options = { .attempts = 1 };

  const avow_value_t v = avow_run(avow_retry(loop, attempt, &work, &options));

  assert_int_equal(avow_error_code(&v), -30001);
  assert_null(avow_error_cause(&v));
  avow_value_unref(v);
}

static void many_failures_keep_the_last_errors(void **state) {
  work_t work = { .failures = 100 };
  const avow_retry_options_t options = { .attempts = 40,
                                         .delay = 1,
                                         .max_delay = 1 };

  const avow_value_t v = avow_run(avow_retry(loop, attempt, &work, &options));

  assert_int_equal(avow_error_code(&v), -30040);
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 16);
  assert_int_equal(avow_list_at(all, 0)->code, -30025);
  assert_int_equal(avow_list_at(all, 15)->code, -30040);
  avow_value_unref(v);
}

static void predicate_ends_the_retry(void **state) {
  work_t work = { .failures = 10, .give_up_on = -30002 };
  const avow_retry_options_t options = { .attempts = 9,
                                         .delay = 1,
                                         .max_delay = 1,
                                         .again = is_retryable };

  assert_rejects(avow_retry(loop, attempt, &work, &options), -30002);

  assert_int_equal(work.attempts, 2);
}

static avow_value_t return_canceled(void *data) {
  work_t *work = data;
  work->attempts++;
  return avow_error(UV_ECANCELED);
}

static void cancellation_is_never_retried(void **state) {
  work_t work = { .failures = 0 };

  assert_rejects(avow_retry(loop, return_canceled, &work, &quick),
                 UV_ECANCELED);

  assert_int_equal(work.attempts, 1);
}

static void canceling_a_retry_cancels_its_attempt(void **state) {
  work_t work = { .failures = 0 };
  avow_promise_t *p = avow_retry(loop, hang, &work, &quick);
  p = avow_attach(p, "freed", note_free);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("stopped freed");
  assert_int_equal(work.attempts, 1);
  avow_deferred_drop(work.deferred);
}

static void canceling_a_retry_ends_its_delay(void **state) {
  work_t work = { .failures = 10 };
  const avow_retry_options_t options = { .delay = 1000000, .seed = 1 };
  avow_promise_t *p = avow_retry(loop, attempt, &work, &options);
  while (work.attempts == 0)
    (void) uv_run(loop, UV_RUN_ONCE);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(work.attempts, 1);
  assert_false(uv_loop_alive(loop));
}

static avow_value_t cancel_whole(void *data) {
  work_t *work = data;
  avow_cancel(work->whole);
  return attempt(data);
}

static void retry_canceled_by_its_attempt_stops(void **state) {
  work_t work = { .failures = 10 };
  work.whole = avow_retry(loop, cancel_whole, &work, &quick);

  assert_rejects(work.whole, UV_ECANCELED);

  assert_int_equal(work.attempts, 1);
}

static void timeout_cancels_the_running_attempt(void **state) {
  work_t work = { .failures = 0 };
  const avow_retry_options_t options = { .timeout = 1 };

  const avow_value_t v = avow_run(avow_retry(loop, hang, &work, &options));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_int_equal(avow_now(loop), 1);
  assert_string_equal(avow_error_message(&v), "timed out");
  assert_null(avow_error_cause(&v));
  assert_notes("stopped");
  avow_value_unref(v);
  avow_deferred_drop(work.deferred);
}

static void timeout_error_includes_earlier_errors(void **state) {
  work_t work = { .failures = 1 };
  const avow_retry_options_t options = { .delay = 1,
                                         .max_delay = 1,
                                         .timeout = 50 };

  const avow_value_t v =
      avow_run(avow_retry(loop, hang_after_a_failure, &work, &options));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_int_equal(avow_now(loop), 50);
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 2);
  assert_int_equal(avow_list_at(all, 0)->code, -30001);
  assert_int_equal(avow_list_at(all, 1)->code, UV_ETIMEDOUT);
  avow_value_unref(v);
  avow_deferred_drop(work.deferred);
}

static void error_before_the_timeout_is_the_attempt_error(void **state) {
  work_t work = { .failures = 10 };
  const avow_retry_options_t options = { .attempts = 2,
                                         .delay = 1,
                                         .max_delay = 1,
                                         .timeout = 60000 };

  assert_rejects(avow_retry(loop, attempt, &work, &options), -30002);
}

static avow_value_t fail_at(void *data) {
  work_t *work = data;
  note_time_of(avow_promise_resolve(loop, avow_none()), "at");
  return attempt(work);
}

static void exact_delays_double(void **state) {
  work_t work = { .failures = 10 };
  const avow_retry_options_t options = { .attempts = 5,
                                         .delay = 10,
                                         .max_delay = 30,
                                         .exact = true };

  assert_rejects(avow_retry(loop, fail_at, &work, &options), -30005);

  assert_notes("at@0 at@10 at@30 at@60 at@90");
}

static avow_value_t check_number(void *data) {
  work_t *work = data;
  assert_int_equal(work->number, work->attempts + 1);
  return attempt(data);
}

static void attempts_receive_their_number(void **state) {
  work_t work = { .failures = 2 };
  const avow_retry_options_t options = { .delay = 1, .attempt = &work.number };

  assert_fulfills_int(avow_retry(loop, check_number, &work, &options), 3);
}

/* The error gives the delay: a second for each attempt. */
static uint64_t say_when(const avow_value_t *error, uint64_t delay,
                         void *data) {
  assert_int_equal(delay, 7);
  return (uint64_t) (-30000 - avow_error_code(error)) * 1000;
}

static void pause_function_chooses_the_delay(void **state) {
  work_t work = { .failures = 2 };
  const avow_retry_options_t options = { .delay = 7,
                                         .max_delay = 7,
                                         .exact = true,
                                         .pause = say_when };

  assert_fulfills_int(avow_retry(loop, fail_at, &work, &options), 3);

  assert_notes("at@0 at@1000 at@3000");
}

static avow_value_t get_ready(const avow_value_t *error, void *data) {
  const work_t *work = data;
  if (avow_error_code(error) == work->give_up_on)
    return avow_error(UV_EACCES);
  return avow_follow(avow_sleep(loop, 100));
}

static void retry_waits_for_its_preparation(void **state) {
  work_t work = { .failures = 2 };
  const avow_retry_options_t options = { .delay = 10,
                                         .exact = true,
                                         .prepare = get_ready };

  assert_fulfills_int(avow_retry(loop, fail_at, &work, &options), 3);

  assert_notes("at@0 at@110 at@230");
}

static void failed_preparation_ends_the_retry(void **state) {
  work_t work = { .failures = 9, .give_up_on = -30002 };
  const avow_retry_options_t options = { .attempts = 9,
                                         .delay = 1,
                                         .prepare = get_ready };

  const avow_value_t v = avow_run(avow_retry(loop, attempt, &work, &options));

  assert_int_equal(avow_error_code(&v), UV_EACCES);
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 3);
  assert_int_equal(avow_list_at(all, 1)->code, -30002);
  assert_int_equal(work.attempts, 2);
  avow_value_unref(v);
}

static void canceling_a_retry_cancels_its_preparation(void **state) {
  work_t work = { .failures = 9 };
  const avow_retry_options_t options = { .prepare = get_ready };
  avow_promise_t *p = avow_retry(loop, attempt, &work, &options);
  avow_promise_t *timeout = avow_timeout(avow_ref(p), 50);
  assert_rejects(timeout, UV_ETIMEDOUT);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(work.attempts, 1);
}

/* An attempt that answers its cancellation with another error. */

static avow_value_t fail_instead(const avow_value_t *arg, void *data) {
  return avow_error(UV_EIO);
}

static avow_value_t hang_and_fail(void *data) {
  return avow_follow(
      avow_catch(avow_promise_resolve(loop, hang(data)), fail_instead, NULL));
}

static bool again_never_called(const avow_value_t *error, void *data) {
  note("asked");
  return true;
}

static void canceled_attempt_that_fails_is_not_retried(void **state) {
  work_t work = { .failures = 9 };
  const avow_retry_options_t options = { .delay = 1,
                                         .again = again_never_called };
  avow_promise_t *p = avow_retry(loop, hang_and_fail, &work, &options);
  run();

  avow_cancel_with(p, avow_string("it rains"));

  assert_says(p, UV_ECANCELED, "operation canceled: it rains");
  assert_notes("stopped");
  assert_int_equal(work.attempts, 1);
  avow_deferred_drop(work.deferred);
}

static void canceled_last_attempt_keeps_its_own_error(void **state) {
  work_t work = { .failures = 9 };
  const avow_retry_options_t options = { .attempts = 1 };
  avow_promise_t *p = avow_retry(loop, hang_and_fail, &work, &options);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_EIO);
  assert_notes("stopped");
  avow_deferred_drop(work.deferred);
}

static avow_value_t clean_up_and_fail(void *data) {
  avow_promise_t *p = avow_then(avow_sleep(loop, 20), fail_instead, NULL, NULL);
  return avow_follow(avow_shield(p));
}

static avow_value_t fail_in_clean_up(void *data) {
  work_t *work = data;
  work->attempts++;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  return avow_follow(avow_finally(p, clean_up_and_fail, NULL));
}

static void timeout_ends_a_retry_whose_cleanup_fails(void **state) {
  work_t work = { .failures = 9 };
  const avow_retry_options_t limited = { .delay = 1, .timeout = 10 };

  avow_promise_t *p = avow_retry(loop, fail_in_clean_up, &work, &quick);
  assert_rejects(avow_timeout(p, 10), UV_ETIMEDOUT);
  assert_int_equal(work.attempts, 1);

  p = avow_retry(loop, fail_in_clean_up, &work, &limited);
  assert_rejects(p, UV_ETIMEDOUT);
  assert_int_equal(work.attempts, 2);
}

static avow_value_t give_none(const avow_value_t *arg, void *word) {
  note(word);
  return avow_none();
}

static avow_promise_t *to_prepare(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, "unprepared");
  return avow_catch(p, give_none, "prepared all the same");
}

static avow_value_t prepare_stubbornly(const avow_value_t *error, void *data) {
  work_t *work = data;
  return avow_follow(to_prepare(&work->deferred));
}

static void canceled_preparation_begins_no_attempt(void **state) {
  work_t work = { .failures = 9 };
  const avow_retry_options_t options = { .prepare = prepare_stubbornly };
  avow_promise_t *p = avow_retry(loop, attempt, &work, &options);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("unprepared prepared all the same");
  assert_int_equal(work.attempts, 1);
  avow_deferred_drop(work.deferred);
}

/* All retries share three tokens. One more arrives each minute. */
static void retries_share_a_budget(void **state) {
  const avow_rate_options_t burst = { .burst = 3 };
  avow_rate_t *budget = avow_rate_new(loop, 1, 60000, &burst);
  work_t works[] = { { .failures = 1 }, { .failures = 9 }, { .failures = 9 } };
  const avow_retry_options_t options = { .delay = 10,
                                         .exact = true,
                                         .budget = budget };
  avow_promise_t *ps[3];

  for (size_t i = 0; i < 3; i++)
    ps[i] = avow_retry(loop, attempt, &works[i], &options);
  avow_rate_unref(budget);

  assert_fulfills_int(ps[0], 2);
  assert_rejects(ps[1], -30002);
  assert_rejects(ps[2], -30002);
}

/* A retry that is declined spends no token. */
static void declined_retry_spends_no_token(void **state) {
  avow_rate_t *budget = avow_rate_new(loop, 2, 60000, NULL);
  work_t work = { .failures = 9, .give_up_on = -30001 };
  const avow_retry_options_t options = { .again = is_retryable,
                                         .budget = budget };

  assert_rejects(avow_retry(loop, attempt, &work, &options), -30001);

  assert_true(avow_rate_try(budget, 2));
  avow_rate_unref(budget);
}

static void retry_with_a_budget_of_another_loop(void) {
  avow_promise_t *there = promise_on_second_loop();
  avow_rate_t *budget = avow_rate_new(second_loop(), 2, 60000, NULL);
  const avow_retry_options_t options = { .budget = budget };
  work_t work = { 0 };

  assert_rejects(avow_retry(loop, attempt, &work, &options), AVOW_EMISUSE);

  assert_int_equal(work.attempts, 0);
  avow_rate_unref(budget);
  avow_unref(there);
  close_second_loop();
}

static void budget_of_another_loop_is_refused(void **state) {
  assert_misuse(retry_with_a_budget_of_another_loop,
                "budget belongs to another loop");
}

static void retry_without_function_is_refused(void **state) {
  const avow_value_t v = avow_run(avow_retry(loop, NULL, NULL, NULL));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "retry: invalid argument");
  avow_value_unref(v);
}

static void retry_refuses_options_of_a_later_version(void **state) {
  work_t work = { .failures = 0 };
  const avow_retry_options_t newer = { .reserved[0] = 1 };

  assert_says(avow_retry(loop, attempt, &work, &newer), UV_EINVAL,
              "retry: invalid argument: a reserved field is not zero");
}

static void closing_the_loop_cancels_a_retry(void **state) {
  work_t work = { .failures = 0 };
  avow_promise_t *p = avow_retry(loop, hang, &work, NULL);
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_deferred_drop(work.deferred);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void delays_double_up_to_their_limit(void **state) {
  assert_int_equal(avow__backoff(100, 30000, 1), 100);
  assert_int_equal(avow__backoff(100, 30000, 2), 200);
  assert_int_equal(avow__backoff(100, 30000, 5), 1600);
  assert_int_equal(avow__backoff(100, 30000, 10), 30000);
  assert_int_equal(avow__backoff(100, 50, 1), 50);
  assert_true(avow__backoff(3, UINT64_MAX, 1000) == UINT64_MAX);
}

static void delays_spread_over_the_whole_range(void **state) {
  uint64_t random = 0;
  bool seen[4] = { false };

  for (int i = 0; i < 100; i++) {
    const uint64_t delay = avow__jitter(3, &random);
    assert_int_in_range(delay, 0, 3);
    seen[delay] = true;
  }

  for (int i = 0; i < 4; i++)
    assert_true(seen[i]);
  assert_int_equal(avow__jitter(0, &random), 0);
}

static void equal_seeds_give_equal_delays(void **state) {
  uint64_t a = 7, b = 7, c = 8;

  const uint64_t first = avow__jitter(UINT64_MAX, &a);

  assert_true(avow__jitter(UINT64_MAX, &b) == first);
  assert_true(avow__jitter(UINT64_MAX, &c) != first);
}

SUITE(retry) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(retry_returns_the_first_success),
    CASE(retry_calls_once_if_the_first_attempt_succeeds),
    TIMED_CASE(last_error_has_all_errors_as_its_cause),
    CASE(single_error_is_unchanged),
    TIMED_CASE(many_failures_keep_the_last_errors),
    TIMED_CASE(predicate_ends_the_retry),
    CASE(cancellation_is_never_retried),
    CASE(canceling_a_retry_cancels_its_attempt),
    CASE(canceling_a_retry_ends_its_delay),
    CASE(retry_canceled_by_its_attempt_stops),
    TIMED_CASE(timeout_cancels_the_running_attempt),
    TIMED_CASE(timeout_error_includes_earlier_errors),
    TIMED_CASE(error_before_the_timeout_is_the_attempt_error),
    TIMED_CASE(exact_delays_double),
    TIMED_CASE(attempts_receive_their_number),
    TIMED_CASE(pause_function_chooses_the_delay),
    TIMED_CASE(retry_waits_for_its_preparation),
    TIMED_CASE(failed_preparation_ends_the_retry),
    TIMED_CASE(canceling_a_retry_cancels_its_preparation),
    CASE(canceled_attempt_that_fails_is_not_retried),
    CASE(canceled_last_attempt_keeps_its_own_error),
    CASE(timeout_ends_a_retry_whose_cleanup_fails),
    CASE(canceled_preparation_begins_no_attempt),
    TIMED_CASE(retries_share_a_budget),
    TIMED_CASE(declined_retry_spends_no_token),
    CASE(budget_of_another_loop_is_refused),
    CASE(retry_without_function_is_refused),
    CASE(retry_refuses_options_of_a_later_version),
    CASE(closing_the_loop_cancels_a_retry),
    CASE(delays_double_up_to_their_limit),
    CASE(delays_spread_over_the_whole_range),
    CASE(equal_seeds_give_equal_delays),
  };
  return RUN(tests);
}
