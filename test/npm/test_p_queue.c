/* SPDX-License-Identifier: MIT */
/* p-queue: a limiter. */
#include "queued.h"

#define NO_COUNT_WAIT "use avow_limiter_idle() or avow_limiter_waiting()"

typedef struct {
  avow_limiter_t *l;
  size_t permits;
} shrinking_t;

static avow_value_t shrink(const avow_value_t *arg, void *data) {
  shrinking_t *shrinking = data;
  if (avow_to_int(arg) % 30 == 0)
    avow_limiter_resize(shrinking->l, --shrinking->permits);
  assert_true(jobs_running() <= 5);
  return avow_none();
}

static avow_value_t give_word(void *unused) {
  return avow_bytes("sync", 4);
}

static void call_fulfills_with_the_functions_result(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, SIZE_MAX);

  avow_promise_t *p = add(l, 7, 0);

  assert_waiting(l, 0);
  assert_fulfills_int(p, 7);
  avow_limiter_unref(l);
}

static void one_permit_runs_one_call_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *ps[] = { add(l, 0, 300), add(l, 1, 200), add(l, 2, 100) };

  assert_at(600, avow_all(loop, ps, 3), "is=[0 1 2]");

  avow_limiter_unref(l);
}

static void five_permits_run_five_calls_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 5);
  avow_promise_t *ps[100];
  for (size_t i = 0; i < 100; i++)
    ps[i] = add(l, i, some_ms(30, 200));

  finish(avow_all(loop, ps, 100));

  assert_int_equal(jobs_at_most(), 5);
  avow_limiter_unref(l);
}

static void permits_may_shrink_while_calls_run(void **state) {
  shrinking_t shrinking = { avow_limiter_new(loop, 5), 5 };
  avow_promise_t *ps[100];
  for (size_t i = 0; i < 100; i++)
    ps[i] = avow_then(add(shrinking.l, i, some_ms(30, 200)), shrink, NULL,
                      &shrinking);

  finish(avow_all(loop, ps, 100));

  assert_int_equal(shrinking.permits, 1);
  avow_limiter_unref(shrinking.l);
}

static void limiter_without_calls_is_idle_at_once(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);

  assert_fulfills_none(avow_limiter_idle(l));

  assert_waiting(l, 0);
  avow_limiter_unref(l);
}

static void several_callers_may_wait_for_idle(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = add(l, 0, 50);
  avow_promise_t *ps[] = { avow_limiter_idle(l), avow_limiter_idle(l),
                           avow_limiter_idle(l) };

  finish(avow_all(loop, ps, 3));

  assert_waiting(l, 0);
  finish(p);
  avow_limiter_unref(l);
}

static void failed_calls_do_not_prevent_idle(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  npm_job_t bad = { .ms = 50, .code = UV_EPROTO };
  avow_promise_t *p = avow_limiter_run(l, do_job, &bad);
  avow_promise_t *q = add(l, 0, 50);
  assert_waiting(l, 0);

  assert_fulfills_none(avow_limiter_idle(l));

  assert_rejects(p, UV_EPROTO);
  finish(q);
  avow_limiter_unref(l);
}

static void cancel_leaves_running_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = add_many(l, 3, 50);
  assert_waiting(l, 2);

  avow_limiter_cancel(l);

  assert_waiting(l, 0);
  assert_fulfills_none(avow_limiter_idle(l));
  assert_int_equal(avow_now(loop), 50);
  finish(p);
  avow_limiter_unref(l);
}

static void limiter_without_permits_keeps_waiting_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_promise_t *p = add_many(l, FOUR, 50);
  avow_limiter_resize(l, 0);

  finish(avow_sleep(loop, 50));
  assert_waiting(l, 2);
  assert_int_equal(jobs_running(), 0);

  avow_limiter_resize(l, 2);
  assert_fulfills_none(avow_limiter_idle(l));
  finish(p);
  avow_limiter_unref(l);
}

static void limiter_may_start_without_permits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 0);
  avow_promise_t *p = add_many(l, FOUR, 20000);
  assert_waiting(l, FOUR);

  avow_limiter_resize(l, 2);
  assert_waiting(l, 2);

  avow_limiter_cancel(l);
  assert_waiting(l, 0);
  finish(p);
  assert_int_equal(jobs_at_most(), 2);
  avow_limiter_unref(l);
}

static void zero_permits_leave_running_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_promise_t *p = add_many(l, 5, 20000);
  assert_waiting(l, 3);
  avow_limiter_resize(l, 0);

  avow_promise_t *q = add(l, 5, 20000);

  assert_waiting(l, 4);
  avow_limiter_resize(l, 2);
  assert_waiting(l, 4);
  finish(p);
  finish(q);
  assert_int_equal(jobs_at_most(), 2);
  avow_limiter_unref(l);
}

static void cancel_makes_the_limiter_idle(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_limiter_resize(l, 0);
  avow_promise_t *p = add_many(l, 2, 50);
  avow_promise_t *idle = avow_limiter_idle(l);

  avow_limiter_cancel(l);

  assert_fulfills_none(idle);
  assert_int_equal(avow_now(loop), 0);
  finish(p);
  avow_limiter_unref(l);
}

static void unlimited_permits_run_all_calls_at_once(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, SIZE_MAX);
  avow_promise_t *ps[] = { add(l, 0, 0), add(l, 1, 2000), add(l, 2, 0) };

  assert_waiting(l, 0);

  assert_outcome(avow_all(loop, ps, 3), "is=[0 1 2]");
  avow_limiter_unref(l);
}

static void functions_may_return_values_or_promises(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *ps[] = { avow_limiter_run(l, give_word, NULL),
                           add(l, 0, 1000),
                           avow_limiter_run(l, give_word, NULL) };
  assert_waiting(l, 2);

  assert_outcome(avow_all(loop, ps, 3), "is=['sync' 0 'sync']");

  assert_waiting(l, 0);
  avow_limiter_unref(l);
}

static const npm_case_t cases[] = {
  SAME(".add()", call_fulfills_with_the_functions_result),
  SAME(".add() - limited concurrency", two_permits_run_two_calls_at_a_time),
  SAME(".add() - concurrency: 1", one_permit_runs_one_call_at_a_time),
  SAME(".add() - concurrency: 5", five_permits_run_five_calls_at_a_time),
  SAME(".add() - update concurrency", permits_may_shrink_while_calls_run),
  UNSAID(".add() - priority", PRIORITY),
  UNSAID(".sizeBy() - priority", PRIORITY),
  UNSAID(".add() - priority defaults to 0 when undefined", PRIORITY),
  SAME(".add() - timeout always throws", timeouts_start_with_the_function),
  SAME(".add() - timeout behavior", timeouts_start_with_the_function),
  SAME(".add() - change timeout in between", timeouts_start_with_the_function),
  UNSAID(".onEmpty()", NO_COUNT_WAIT),
  SAME(".onIdle()", limiter_is_idle_when_all_calls_are_done),
  UNSAID(".onSizeLessThan()", NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() resolves after clear()", NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() resolves when start() drains the queue",
         NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() resolves when concurrency is raised at runtime",
         NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() resolves when a rate-limit interval tick drains "
         "the queue",
         NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() resolves multiple waiters with different limits on "
         "a single drain",
         NO_COUNT_WAIT),
  UNSAID(".onSizeLessThan() removes its listeners once resolved",
         NO_COUNT_WAIT),
  SAME(".onIdle() - no pending", limiter_without_calls_is_idle_at_once),
  SAME(".onPendingZero() - resolves immediately when pending === 0",
       limiter_without_calls_is_idle_at_once),
  SAME(".onPendingZero() - waits for running tasks to finish",
       limiter_is_idle_when_all_calls_are_done),
  DIFFERS(".onPendingZero() - works while paused with queued items",
          limiter_without_permits_keeps_waiting_calls,
          "a limiter with waiting calls is not idle, also with 0 permits"),
  SAME(".onPendingZero() - multiple concurrent waiters all resolve",
       several_callers_may_wait_for_idle),
  SAME(".onPendingZero() - resolves even if tasks throw errors",
       failed_calls_do_not_prevent_idle),
  SAME(".onPendingZero() - works after clear()", cancel_leaves_running_calls),
  DIFFERS(".onPendingZero() - integration with pause/start",
          limiter_without_permits_keeps_waiting_calls,
          "a limiter with waiting calls is not idle, also with 0 permits"),
  UNSAID(".onPendingZero() - adding tasks while waiting", NO_COUNT_WAIT),
  SAME(".onPendingZero() - rapid sequential calls",
       limiter_without_calls_is_idle_at_once),
  SAME(".onPendingZero() - high concurrency",
       limiter_is_idle_when_all_calls_are_done),
  SAME(".onPendingZero() - starts with empty queue",
       limiter_without_calls_is_idle_at_once),
  UNSAID(".onPendingZero() - works with onEmpty and onIdle", NO_COUNT_WAIT),
  SAME(".clear()", cancel_leaves_running_calls),
  SAME(".clear() resolves onEmpty() and onIdle() waiters",
       cancel_makes_the_limiter_idle),
  DIFFERS(".clear() with running tasks emits empty but not idle",
          cancel_leaves_running_calls,
          "a limiter has promises in place of events"),
  SAME(".addAll()", unlimited_permits_run_all_calls_at_once),
  UNSAID(".addAll() assigns unique IDs to each task", INSIDE),
  UNSAID(".addAll() with options does not mutate the options object", INSIDE),
  DIFFERS("enforce number in options.concurrency",
          limiter_may_start_without_permits,
          "without permits, calls wait for avow_limiter_resize()"),
  DIFFERS("enforce number in queue.concurrency",
          limiter_may_start_without_permits,
          "without permits, calls wait for avow_limiter_resize()"),
  SAME("enforce number in options.intervalCap", zero_rate_is_refused),
  DIFFERS("enforce finite in options.interval", zero_rate_is_refused,
          "a rate without an interval is refused"),
  DIFFERS("autoStart: false", limiter_may_start_without_permits,
          "avow_limiter_resize() stops and starts the queue"),
  DIFFERS(".start() - return this", limiter_without_permits_keeps_waiting_calls,
          "avow_limiter_resize() stops and starts the queue"),
  SAME(".start() - not paused", unlimited_permits_run_all_calls_at_once),
  DIFFERS(".pause()", zero_permits_leave_running_calls,
          "avow_limiter_resize() stops and starts the queue"),
  SAME(".add() sync/async mixed tasks",
       functions_may_return_values_or_promises),
  SAME(".add() - handle task throwing error", other_calls_run_after_a_failure),
  SAME(".add() - handle task promise failure", other_calls_run_after_a_failure),
  SAME(".addAll() sync/async mixed tasks",
       unlimited_permits_run_all_calls_at_once),
  UNSAID("should resolve empty when size is zero", NO_COUNT_WAIT),
  SAME(".add() - throttled", rate_admits_one_call_in_each_interval),
  SAME(".add() - throttled, carryoverIntervalCount false",
       interval_does_not_wait_for_a_running_call),
  UNSAID(".add() - throttled, carryoverIntervalCount true", BUCKET),
  SAME(".add() - throttled 10, concurrency 5",
       permits_and_rate_both_limit_calls),
  SAME(".add() - throttled finish and resume", idle_time_refills_the_rate),
  UNSAID("pause should work when throttled", TWO),
  SAME(".onError() - rejects when task errors",
       other_calls_run_after_a_failure),
  UNSAID(".onError() - captures first error in queue", NO_EVENTS),
  UNSAID(".onError() - works with Promise.race pattern", NO_EVENTS),
  UNSAID(".onError() - multiple listeners", NO_EVENTS),
  UNSAID(".onError() - works when called before adding tasks", NO_EVENTS),
};

SUITE(p_queue) {
  return RUN_NPM("p-queue 9.3.3", cases, NULL);
}
