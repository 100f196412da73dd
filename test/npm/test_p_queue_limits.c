/* SPDX-License-Identifier: MIT */
/* p-queue: canceling queued functions, limits for an interval, and the queue's
   state. */
#include "queued.h"

#define NO_SIGNAL "avow_cancel() or avow_until() replaces the AbortSignal"
#define NO_STATE  "avow_rate_try() returns whether there is a delay"
#define NO_LIST   "the program keeps a list, or calls avow_loop_dump()"
#define NO_TYPES  "the types are unsigned integers"

static void waiting_call_may_be_canceled(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = add(l, 0, 100), *q = add(l, 1, 100), *r = add(l, 2, 100);

  avow_cancel(q);

  assert_waiting(l, 1);
  assert_rejects(q, UV_ECANCELED);
  finish(p);
  finish(r);
  assert_int_equal(avow_now(loop), 200);
  avow_limiter_unref(l);
}

static void signal_removes_waiting_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  avow_promise_t *p = add(l, 0, 100);
  avow_promise_t *ps[] = { avow_until(add(l, 1, 100), stop),
                           avow_until(add(l, 2, 100), stop) };

  assert_true(avow_reject(d, avow_error(UV_EPERM)));

  assert_rejects(ps[0], UV_EPERM);
  assert_rejects(ps[1], UV_EPERM);
  assert_waiting(l, 0);
  finish(p);
  avow_unref(stop);
  avow_limiter_unref(l);
}

static void call_with_a_settled_signal_is_not_queued(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));
  avow_promise_t *p = add(l, 0, 100);

  assert_rejects(avow_until(add(l, 1, 100), stop), UV_EPERM);

  assert_waiting(l, 0);
  finish(p);
  avow_unref(stop);
  avow_limiter_unref(l);
}

static void waiting_call_may_be_canceled_without_permits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_resize(l, 0);
  avow_promise_t *p = add(l, 0, 100), *q = add(l, 1, 100);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_waiting(l, 1);
  avow_limiter_cancel(l);
  assert_rejects(q, UV_ECANCELED);
  avow_limiter_unref(l);
}

static void signal_after_the_end_has_no_effect(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);

  assert_fulfills_int(avow_until(add(l, 7, 100), stop), 7);

  assert_true(avow_reject(d, avow_error(UV_EPERM)));
  assert_waiting(l, 0);
  avow_unref(stop);
  avow_limiter_unref(l);
}

static void many_waiting_calls_may_be_canceled(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *first = add(l, 0, 100), *ps[MANY];
  for (size_t i = 0; i < 100; i++)
    ps[i] = add(l, i + 1, 100);

  for (size_t i = 0; i < 100; i++)
    avow_cancel(ps[i]);

  for (size_t i = 0; i < 100; i++)
    assert_rejects(ps[i], UV_ECANCELED);
  assert_waiting(l, 0);
  finish(first);
  avow_limiter_unref(l);
}

static void rate_limits_calls_with_enough_permits(void **state) {
  run_paced(MANY, 10, 1000, 30, 10);

  for (size_t i = 10; i < 30; i++)
    assert_int_equal(paced.began[i], (i - 9) * 100);
}

static void acquired_token_stays_spent(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 500, NULL);
  finish(avow_rate_acquire(r, 1));
  assert_false(avow_rate_try(r, 1));

  finish(avow_rate_acquire(r, 1));

  assert_int_equal(avow_now(loop), 500);
  avow_rate_unref(r);
}

static void canceled_caller_spends_no_token(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 1, 500, NULL);
  finish(avow_rate_acquire(r, 1));
  avow_promise_t *p = avow_rate_acquire(r, 1), *q = avow_rate_acquire(r, 1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  finish(q);
  assert_int_equal(avow_now(loop), 500);
  avow_rate_unref(r);
}

static void no_interval_exceeds_the_rate(void **state) {
  const avow_rate_options_t options = { .burst = 1 };
  paced = (paced_t){ .rate = avow_rate_new(loop, 3, 90, &options) };

  run_by_rate(SIZE_MAX, 12, 0);

  for (size_t i = 3; i < 12; i++)
    assert_true(paced.began[i] - paced.began[i - 3] >= 90);
}

static const npm_case_t cases[] = {
  UNSAID("clear interval on pause", TWO),
  UNSAID("should be an event emitter", NO_EVENTS),
  UNSAID("should emit active event per item", NO_EVENTS),
  DIFFERS("should emit idle event when idle",
          limiter_is_idle_when_all_calls_are_done,
          "a limiter has promises in place of events"),
  UNSAID("should emit empty event when empty", NO_EVENTS),
  UNSAID("should emit add event when adding task", NO_EVENTS),
  UNSAID("should emit next event when completing task", NO_EVENTS),
  DIFFERS("should emit completed / error events",
          other_calls_run_after_a_failure,
          "a limiter has promises in place of events"),
  SAME("should verify timeout overrides passed to add",
       timeouts_start_with_the_function),
  SAME("should skip an aborted job", waiting_call_may_be_canceled),
  SAME("should reject when signal is aborted while task is waiting in queue",
       signal_removes_waiting_calls),
  SAME("should reject immediately when signal is already aborted and task is "
       "queued",
       call_with_a_settled_signal_is_not_queued),
  SAME("abort with custom reason forwards the reason",
       signal_removes_waiting_calls),
  SAME("abort works on a paused queue without unpausing",
       waiting_call_may_be_canceled_without_permits),
  SAME("aborting multiple queued tasks with same AbortController",
       signal_removes_waiting_calls),
  SAME("aborting a queued task with explicit id removes the correct task",
       waiting_call_may_be_canceled),
  SAME("aborting a queued task with duplicate id removes the correct task",
       waiting_call_may_be_canceled),
  SAME("abort listener for queued task is cleaned up when the task starts "
       "running",
       signal_after_the_end_has_no_effect),
  UNSAID("aborting a queued task emits correct events", NO_EVENTS),
  DIFFERS("onError does not reject when a queued task is aborted",
          waiting_call_may_be_canceled,
          "a limiter has promises in place of events"),
  UNSAID("clear() removes queued abort listeners", NO_SIGNAL),
  UNSAID("clear() removes queued abort listeners for shared signals",
         NO_SIGNAL),
  UNSAID(
      "clear() lets the same signal be reused without stale queued listeners",
      NO_SIGNAL),
  UNSAID("clear() keeps the running task abort listener while removing queued "
         "ones",
         NO_SIGNAL),
  UNSAID("clear() only leaves the running task affected when a shared signal "
         "aborts later",
         NO_SIGNAL),
  UNSAID("clear() does not accumulate abort listeners across repeated discard "
         "cycles",
         NO_SIGNAL),
  UNSAID("should pass AbortSignal instance to job", NO_SIGNAL),
  SAME("aborted jobs do not use interval cap", canceled_caller_spends_no_token),
  SAME("aborting multiple jobs at the same time", signal_removes_waiting_calls),
  SAME("abort listener is removed when job is completed",
       signal_after_the_end_has_no_effect),
  SAME("pending promises counted fast enough",
       two_permits_run_two_calls_at_a_time),
  SAME("pending promises with abortions counted fast enough",
       waiting_call_may_be_canceled),
  SAME("intervalCap", rate_admits_one_call_in_each_interval),
  SAME("consumed interval is remembered between idle states",
       rate_admits_one_call_in_each_interval),
  SAME("consumed interval is updated on time, even between idle states",
       idle_time_refills_the_rate),
  UNSAID(".setPriority() - execute a promise before planned", PRIORITY),
  SAME("interval should be maintained when using await between adds (issue "
       "#182)",
       rate_admits_one_call_in_each_interval),
  SAME("task added in a fresh window runs immediately after queue went idle "
       "mid-window",
       idle_time_refills_the_rate),
  SAME("fresh window after idle still enforces the cap for the following task "
       "(issue #251)",
       idle_time_refills_the_rate),
  UNSAID("carryoverIntervalCount does not break the fresh window after idle "
         "mid-window",
         BUCKET),
  SAME("task added after going idle but before the boundary still waits for "
       "the current window",
       rate_admits_one_call_in_each_interval),
  SAME("interval maintained when queue becomes empty multiple times",
       rate_admits_one_call_in_each_interval),
  SAME("interval reset after long idle period", idle_time_refills_the_rate),
  UNSAID("interval with carryoverIntervalCount after queue empty", BUCKET),
  UNSAID(".setPriority() - execute a promise after planned", PRIORITY),
  UNSAID(".setPriority() - execute a promise before planned - concurrency 2",
         PRIORITY),
  UNSAID(".setPriority() - execute a promise before planned - concurrency 3",
         PRIORITY),
  UNSAID(".setPriority() - execute a multiple promise before planned, with "
         "variable priority",
         PRIORITY),
  UNSAID(".setPriority() - execute a promise before planned - concurrency 3 "
         "and unspecified `id`",
         PRIORITY),
  SAME("process exits cleanly after interval tasks complete",
       rate_admits_one_call_in_each_interval),
  SAME("intervalCap should be respected with high concurrency",
       permits_and_rate_both_limit_calls),
  UNSAID("isRateLimited property", NO_STATE),
  UNSAID("rate-limit event emission", NO_EVENTS),
  UNSAID("onRateLimit() promise helper", NO_STATE),
  UNSAID("onRateLimitCleared() promise helper", NO_STATE),
  UNSAID("rate-limit works with pause/start", NO_STATE),
  SAME("rate-limit with high concurrency",
       rate_limits_calls_with_enough_permits),
  UNSAID("rate-limit with queue.clear() while rate-limited", NO_STATE),
  UNSAID("rate-limit events fire only once per transition", NO_EVENTS),
  UNSAID("rate-limit with interval boundary conditions", NO_STATE),
  SAME("should not cause stack overflow with many aborted tasks",
       many_waiting_calls_may_be_canceled),
  UNSAID("rate-limit with carryoverIntervalCount behavior", NO_STATE),
  SAME("rate-limit with aborted tasks", canceled_caller_spends_no_token),
  SAME("rate-limit with error-throwing tasks", acquired_token_stays_spent),
  UNSAID("rate-limit state remains stable within intervals", NO_STATE),
  UNSAID("rate-limit microtask batching - multiple events in same tick",
         NO_EVENTS),
  UNSAID("rate-limit clear() racing with scheduled update", NO_STATE),
  UNSAID("rate-limit with dynamic concurrency changes", NO_STATE),
  UNSAID("rate-limit with setPriority() while rate-limited", PRIORITY),
  UNSAID("rate-limit multiple concurrent onRateLimit() calls", NO_STATE),
  SAME("rate-limit when all queued tasks are aborted",
       canceled_caller_spends_no_token),
  UNSAID("rate-limit rapid pause/start cycles", NO_STATE),
  UNSAID(
      "rate-limit preserves the interval count for re-entrant task additions",
      NO_STATE),
  UNSAID(
      "rate-limit preserves the interval count for re-entrant active listeners",
      NO_SIGNAL),
  UNSAID("rate-limit edge case with zero-interval", NO_STATE),
  UNSAID("rate-limit state consistency with sync microtask scheduling",
         NO_STATE),
  UNSAID("rate-limit with queue manipulation during rate-limit event",
         NO_EVENTS),
  UNSAID("onRateLimit() with microtask race condition", NO_STATE),
  UNSAID("onRateLimitCleared() with microtask race condition", NO_STATE),
  UNSAID("onRateLimit() called during state transition", NO_STATE),
  UNSAID("onRateLimit/onRateLimitCleared rapid transitions", NO_STATE),
  UNSAID("onRateLimit() resolves when rate limit is triggered", NO_STATE),
  DIFFERS("strict mode enforces sliding window rate limiting",
          no_interval_exceeds_the_rate, STRICT),
  DIFFERS("strict mode vs fixed window timing", no_interval_exceeds_the_rate,
          STRICT),
  DIFFERS("strict mode with large intervalCap", no_interval_exceeds_the_rate,
          STRICT),
  UNSAID("strict mode clear() preserves ticks", BUCKET),
  SAME("strict mode with concurrency limit", permits_and_rate_both_limit_calls),
  UNSAID("strict mode rate limit events", NO_EVENTS),
  UNSAID("strict mode isRateLimited property", NO_STATE),
  UNSAID("strict mode with pause/start", TWO),
  SAME("strict mode throws error with interval=0", zero_rate_is_refused),
  UNSAID("strict mode with priority", PRIORITY),
  UNSAID("strict mode with onRateLimit()", NO_STATE),
  UNSAID("strict mode with carryoverIntervalCount", BUCKET),
  UNSAID("strict mode throws error with intervalCap: Infinity", BUCKET),
  SAME("strict mode with AbortSignal", signal_removes_waiting_calls),
  SAME("strict mode frees capacity when task aborts before start",
       canceled_caller_spends_no_token),
  SAME("strict mode ignores aborted tasks for sliding window",
       canceled_caller_spends_no_token),
  UNSAID("strict mode aborted tasks do not trigger rateLimit event", NO_EVENTS),
  SAME("strict mode after queue becomes idle", idle_time_refills_the_rate),
  UNSAID("strict mode frees a slot as soon as the oldest tick ages out, even "
         "with spread ticks",
         BUCKET),
  DIFFERS("strict mode prevents boundary bursts", no_interval_exceeds_the_rate,
          STRICT),
  SAME("strict mode with long-running tasks",
       interval_does_not_wait_for_a_running_call),
  UNSAID("strict mode isSaturated property", NO_LIST),
  DIFFERS("strict mode multiple complete intervals",
          no_interval_exceeds_the_rate, STRICT),
  DIFFERS("strict mode precision timing", no_interval_exceeds_the_rate, STRICT),
  SAME("strict mode with concurrency: Infinity",
       rate_limits_calls_with_enough_permits),
  SAME("strict mode with timeout option", timeouts_start_with_the_function),
  DIFFERS("strict mode rapid sequential adds", no_interval_exceeds_the_rate,
          STRICT),
  UNSAID("strict mode clear with pending timeout", BUCKET),
  DIFFERS("strict mode handles edge case of exactly intervalCap tasks",
          no_interval_exceeds_the_rate, STRICT),
  DIFFERS("strict mode interleaved add and await", no_interval_exceeds_the_rate,
          STRICT),
  UNSAID("strict mode circular buffer compaction", INSIDE),
  UNSAID("backlog drains before interval reset - triggers rate-limit-cleared",
         NO_STATE),
  UNSAID("setPriority validates input", PRIORITY),
  UNSAID("timeout validation in constructor", NO_TYPES),
  UNSAID("timeout validation in add", NO_TYPES),
  SAME("abort before start frees concurrency immediately",
       waiting_call_may_be_canceled),
  UNSAID("carryover mode with no backlog does not report limited", NO_STATE),
  UNSAID("clear() triggers immediate state drop while rate-limited", NO_STATE),
  SAME("abort before start rolls back interval count",
       canceled_caller_spends_no_token),
  UNSAID("runningTasks returns current running tasks", NO_LIST),
  UNSAID("runningTasks returns empty array when no tasks running", NO_LIST),
  UNSAID("runningTasks updates as tasks complete", NO_LIST),
  UNSAID("runningTasks includes timeout information", NO_LIST),
  UNSAID("runningTasks returns fresh arrays", NO_LIST),
  UNSAID("runningTasks includes timeoutRemaining for tasks with timeout",
         NO_LIST),
  UNSAID("runningTasks timeoutRemaining is undefined when no timeout is set",
         NO_LIST),
  UNSAID("runningTasks timeoutRemaining decreases over time", NO_LIST),
  UNSAID("runningTasks handles tasks without IDs", NO_LIST),
  UNSAID("runningTasks works with interval rate limiting", NO_LIST),
  UNSAID("isSaturated property detects when queue is at capacity", NO_LIST),
  UNSAID("isSaturated with paused queue", NO_LIST),
  UNSAID("isSaturated with rate-limited queue", NO_LIST),
  UNSAID("improved timeout error includes queue state", NO_LIST),
  UNSAID("PriorityQueue ignores dequeued items in queue operations", INSIDE),
  UNSAID("PriorityQueue inserts high-priority items correctly after partial "
         "dequeue",
         INSIDE),
  UNSAID("PriorityQueue appends same-priority and lower-priority items "
         "correctly after partial dequeue",
         INSIDE),
  UNSAID("PriorityQueue removes the live duplicate id after partial dequeue",
         INSIDE),
  UNSAID("PriorityQueue removes by run after partial dequeue", INSIDE),
  UNSAID("PriorityQueue ignores consumed items with no live match", INSIDE),
  UNSAID("PriorityQueue stays ordered after cursor compaction", INSIDE),
  UNSAID("PriorityQueue setPriority works when only one live item remains",
         INSIDE),
};

SUITE(p_queue_limits) {
  return RUN_NPM("p-queue 9.3.3", cases, NULL);
}
