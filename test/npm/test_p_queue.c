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

static void it_gives_what_the_function_does(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, SIZE_MAX);

  avow_promise_t *p = add(l, 7, 0);

  assert_waiting(l, 0);
  assert_fulfils_int(p, 7);
  avow_limiter_unref(l);
}

static void one_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *ps[] = { add(l, 0, 300), add(l, 1, 200), add(l, 2, 100) };

  assert_at(600, avow_all(loop, ps, 3), "is=[0 1 2]");

  avow_limiter_unref(l);
}

static void five_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 5);
  avow_promise_t *ps[100];
  for (size_t i = 0; i < 100; i++)
    ps[i] = add(l, i, some_ms(30, 200));

  finish(avow_all(loop, ps, 100));

  assert_int_equal(jobs_at_most(), 5);
  avow_limiter_unref(l);
}

static void it_shrinks_meanwhile(void **state) {
  shrinking_t shrinking = { avow_limiter_new(loop, 5), 5 };
  avow_promise_t *ps[100];
  for (size_t i = 0; i < 100; i++)
    ps[i] = avow_then(add(shrinking.l, i, some_ms(30, 200)), shrink, NULL,
                      &shrinking);

  finish(avow_all(loop, ps, 100));

  assert_int_equal(shrinking.permits, 1);
  avow_limiter_unref(shrinking.l);
}

static void idle_is_at_once_where_nothing_is(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);

  assert_fulfils_none(avow_limiter_idle(l));

  assert_waiting(l, 0);
  avow_limiter_unref(l);
}

static void many_wait_for_idle(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = add(l, 0, 50);
  avow_promise_t *ps[] = { avow_limiter_idle(l), avow_limiter_idle(l),
                           avow_limiter_idle(l) };

  finish(avow_all(loop, ps, 3));

  assert_waiting(l, 0);
  finish(p);
  avow_limiter_unref(l);
}

static void idle_does_not_mind_failures(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  npm_job_t bad = { .ms = 50, .code = UV_EPROTO };
  avow_promise_t *p = avow_limiter_run(l, do_job, &bad);
  avow_promise_t *q = add(l, 0, 50);
  assert_waiting(l, 0);

  assert_fulfils_none(avow_limiter_idle(l));

  assert_rejects(p, UV_EPROTO);
  finish(q);
  avow_limiter_unref(l);
}

static void clearing_leaves_what_runs(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = add_many(l, 3, 50);
  assert_waiting(l, 2);

  avow_limiter_cancel(l);

  assert_waiting(l, 0);
  assert_fulfils_none(avow_limiter_idle(l));
  assert_int_equal(avow_now(loop), 50);
  finish(p);
  avow_limiter_unref(l);
}

static void stopped_it_keeps_who_waits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_promise_t *p = add_many(l, FOUR, 50);
  avow_limiter_resize(l, 0);

  finish(avow_sleep(loop, 50));
  assert_waiting(l, 2);
  assert_int_equal(jobs_running(), 0);

  avow_limiter_resize(l, 2);
  assert_fulfils_none(avow_limiter_idle(l));
  finish(p);
  avow_limiter_unref(l);
}

static void it_begins_stopped(void **state) {
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

static void stopping_leaves_what_runs(void **state) {
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

static void clearing_lets_go_of_who_waits_for_idle(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_limiter_resize(l, 0);
  avow_promise_t *p = add_many(l, 2, 50);
  avow_promise_t *idle = avow_limiter_idle(l);

  avow_limiter_cancel(l);

  assert_fulfils_none(idle);
  assert_int_equal(avow_now(loop), 0);
  finish(p);
  avow_limiter_unref(l);
}

static void all_at_once(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, SIZE_MAX);
  avow_promise_t *ps[] = { add(l, 0, 0), add(l, 1, 2000), add(l, 2, 0) };

  assert_waiting(l, 0);

  assert_outcome(avow_all(loop, ps, 3), "is=[0 1 2]");
  avow_limiter_unref(l);
}

static void values_and_promises_mix(void **state) {
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
  SAME(".add()", it_gives_what_the_function_does),
  SAME(".add() - limited concurrency", two_at_a_time),
  SAME(".add() - concurrency: 1", one_at_a_time),
  SAME(".add() - concurrency: 5", five_at_a_time),
  SAME(".add() - update concurrency", it_shrinks_meanwhile),
  UNSAID(".add() - priority", PRIORITY),
  UNSAID(".sizeBy() - priority", PRIORITY),
  UNSAID(".add() - priority defaults to 0 when undefined", PRIORITY),
  SAME(".add() - timeout always throws", time_limits_begin_with_the_function),
  SAME(".add() - timeout behavior", time_limits_begin_with_the_function),
  SAME(".add() - change timeout in between",
       time_limits_begin_with_the_function),
  UNSAID(".onEmpty()", NO_COUNT_WAIT),
  SAME(".onIdle()", idle_is_when_all_are_done),
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
  SAME(".onIdle() - no pending", idle_is_at_once_where_nothing_is),
  SAME(".onPendingZero() - resolves immediately when pending === 0",
       idle_is_at_once_where_nothing_is),
  SAME(".onPendingZero() - waits for running tasks to finish",
       idle_is_when_all_are_done),
  DIFFERS(".onPendingZero() - works while paused with queued items",
          stopped_it_keeps_who_waits,
          "a limiter with waiting calls is not idle, also with 0 permits"),
  SAME(".onPendingZero() - multiple concurrent waiters all resolve",
       many_wait_for_idle),
  SAME(".onPendingZero() - resolves even if tasks throw errors",
       idle_does_not_mind_failures),
  SAME(".onPendingZero() - works after clear()", clearing_leaves_what_runs),
  DIFFERS(".onPendingZero() - integration with pause/start",
          stopped_it_keeps_who_waits,
          "a limiter with waiting calls is not idle, also with 0 permits"),
  UNSAID(".onPendingZero() - adding tasks while waiting", NO_COUNT_WAIT),
  SAME(".onPendingZero() - rapid sequential calls",
       idle_is_at_once_where_nothing_is),
  SAME(".onPendingZero() - high concurrency", idle_is_when_all_are_done),
  SAME(".onPendingZero() - starts with empty queue",
       idle_is_at_once_where_nothing_is),
  UNSAID(".onPendingZero() - works with onEmpty and onIdle", NO_COUNT_WAIT),
  SAME(".clear()", clearing_leaves_what_runs),
  SAME(".clear() resolves onEmpty() and onIdle() waiters",
       clearing_lets_go_of_who_waits_for_idle),
  DIFFERS(".clear() with running tasks emits empty but not idle",
          clearing_leaves_what_runs,
          "a limiter has promises in place of events"),
  SAME(".addAll()", all_at_once),
  UNSAID(".addAll() assigns unique IDs to each task", INSIDE),
  UNSAID(".addAll() with options does not mutate the options object", INSIDE),
  DIFFERS("enforce number in options.concurrency", it_begins_stopped,
          "without permits, calls wait for avow_limiter_resize()"),
  DIFFERS("enforce number in queue.concurrency", it_begins_stopped,
          "without permits, calls wait for avow_limiter_resize()"),
  SAME("enforce number in options.intervalCap", no_rate_is_refused),
  DIFFERS("enforce finite in options.interval", no_rate_is_refused,
          "a rate without an interval is refused"),
  DIFFERS("autoStart: false", it_begins_stopped,
          "avow_limiter_resize() stops and starts the queue"),
  DIFFERS(".start() - return this", stopped_it_keeps_who_waits,
          "avow_limiter_resize() stops and starts the queue"),
  SAME(".start() - not paused", all_at_once),
  DIFFERS(".pause()", stopping_leaves_what_runs,
          "avow_limiter_resize() stops and starts the queue"),
  SAME(".add() sync/async mixed tasks", values_and_promises_mix),
  SAME(".add() - handle task throwing error", a_failure_leaves_the_rest),
  SAME(".add() - handle task promise failure", a_failure_leaves_the_rest),
  SAME(".addAll() sync/async mixed tasks", all_at_once),
  UNSAID("should resolve empty when size is zero", NO_COUNT_WAIT),
  SAME(".add() - throttled", one_an_interval),
  SAME(".add() - throttled, carryoverIntervalCount false",
       an_interval_does_not_wait_for_the_end),
  UNSAID(".add() - throttled, carryoverIntervalCount true", BUCKET),
  SAME(".add() - throttled 10, concurrency 5", both_limits_hold),
  SAME(".add() - throttled finish and resume", a_rest_fills_it_up),
  UNSAID("pause should work when throttled", TWO),
  SAME(".onError() - rejects when task errors", a_failure_leaves_the_rest),
  UNSAID(".onError() - captures first error in queue", NO_EVENTS),
  UNSAID(".onError() - works with Promise.race pattern", NO_EVENTS),
  UNSAID(".onError() - multiple listeners", NO_EVENTS),
  UNSAID(".onError() - works when called before adding tasks", NO_EVENTS),
};

SUITE(p_queue) {
  return RUN_NPM("p-queue 9.3.3", cases, NULL);
}
