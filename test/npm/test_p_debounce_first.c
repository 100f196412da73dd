/* SPDX-License-Identifier: MIT */
/*
 * p-debounce: a function that the first call of a burst runs, and one whose
 * callers share an outcome while it runs.
 */
#include "npm.h"

#define AFTER  "use a channel of the latest value, and receive one at a time"
#define BEFORE "the program decides what later callers get"

enum { ROOM = 16 };

typedef struct {
  avow_channel_t *calls;
  uint64_t takes; /* ms */
  int ran;
  int64_t last; /* its last argument */
} function_t;

static function_t f, g;

static void begin(void) {
  memset(&f, 0, sizeof(f));
  memset(&g, 0, sizeof(g));
}

static void wait_for(uint64_t ms) {
  avow_value_unref(avow_run(avow_sleep(loop, ms)));
}

/* The first call of a burst, with a channel only. */

static avow_value_t note_run(const avow_value_t *value, void *data) {
  function_t *self = data;
  self->ran++;
  self->last = avow_to_int(value);
  return avow_none();
}

static avow_promise_t *call_by(function_t *self, uint64_t ms,
                               avow_edge_t edge) {
  const avow_map_options_t options = { .concurrency = 1 };
  self->calls = avow_channel_new(loop, ROOM);
  avow_channel_t *c =
      avow_channel_debounce(avow_channel_ref(self->calls), ms, edge);
  avow_promise_t *p = avow_each(c, note_run, self, &options);
  avow_channel_unref(c);
  return p;
}

static void call_with(const function_t *self, int64_t first, int64_t last) {
  for (int64_t i = first; i <= last; i++)
    assert_int_equal(avow_channel_try_send(self->calls, avow_int(i)), 0);
  wait_for(0);
}

static void assert_ran(const function_t *self, int times, int64_t last) {
  assert_int_equal(self->ran, times);
  assert_int_equal(self->last, last);
}

static void end_calls(function_t *self, avow_promise_t *all) {
  avow_channel_end(self->calls);
  assert_fulfills_none(all);
  avow_channel_unref(self->calls);
}

static void first_call_runs_at_once(void **state) {
  avow_promise_t *all = call_by(&f, 100, AVOW_EDGE_LEADING);
  call_with(&f, 1, 4);
  assert_ran(&f, 1, 1);

  wait_for(200);
  assert_ran(&f, 1, 1);
  call_with(&f, 5, 6);

  assert_ran(&f, 2, 5);
  end_calls(&f, all);
}

static void function_does_not_run_without_a_call(void **state) {
  avow_promise_t *all = call_by(&f, 100, AVOW_EDGE_LEADING);
  wait_for(300);
  call_with(&f, 1, 1);
  assert_ran(&f, 1, 1);
  end_calls(&f, all);
}

static void each_function_runs_its_first_call(void **state) {
  avow_promise_t *of_f = call_by(&f, 50, AVOW_EDGE_LEADING);
  avow_promise_t *of_g = call_by(&g, 50, AVOW_EDGE_LEADING);
  call_with(&f, 1, 2);
  call_with(&g, 11, 12);
  assert_ran(&f, 1, 1);
  assert_ran(&g, 1, 11);
  end_calls(&f, of_f);
  end_calls(&g, of_g);
}

static void leading_and_trailing_edges_are_independent(void **state) {
  avow_promise_t *of_f = call_by(&f, 50, AVOW_EDGE_TRAILING);
  avow_promise_t *of_g = call_by(&g, 50, AVOW_EDGE_LEADING);
  call_with(&f, 1, 2);
  call_with(&g, 11, 12);
  wait_for(50);
  assert_ran(&f, 1, 2);
  assert_ran(&g, 1, 11);
  end_calls(&f, of_f);
  end_calls(&g, of_g);
}

/* Calls during a run share its outcome. A cache that keeps no values provides
   this. */

static avow_value_t count_runs(const avow_value_t *key, void *self) {
  ((function_t *) self)->ran++;
  return avow_follow(
      number_in(((function_t *) self)->takes, ((function_t *) self)->ran));
}

static void concurrent_calls_share_a_result(void **state) {
  avow_cache_t *c = avow_cache_new(loop, count_runs, &f, NULL, NULL);
  avow_promise_t *ps[5];
  f.takes = 50;
  for (size_t i = 0; i < 5; i++)
    ps[i] = avow_cache_get(c, avow_int(0));

  assert_outcome(avow_all(loop, ps, 5), "is=[1 1 1 1 1]");

  assert_fulfills_int(avow_cache_get(c, avow_int(0)), 2);
  avow_cache_unref(c);
}

static void call_during_a_run_shares_its_result(void **state) {
  avow_cache_t *c = avow_cache_new(loop, count_runs, &f, NULL, NULL);
  f.takes = 50;
  avow_promise_t *first = avow_cache_get(c, avow_int(0));
  wait_for(10);

  assert_fulfills_int(avow_cache_get(c, avow_int(0)), 1);

  assert_fulfills_int(first, 1);
  assert_int_equal(f.ran, 1);
  avow_cache_unref(c);
}

static const npm_case_t cases[] = {
  SAME(".promise()", concurrent_calls_share_a_result),
  SAME(".promise() - concurrent calls return same promise",
       call_during_a_run_shares_its_result),
  DIFFERS("before option", first_call_runs_at_once, BEFORE),
  DIFFERS("before option - does not call input function after timeout",
          function_does_not_run_without_a_call, BEFORE),
  UNSAID("AbortSignal works with before option", BEFORE),
  DIFFERS("before option - all calls in window resolve to same leading value",
          first_call_runs_at_once, BEFORE),
  UNSAID("handles synchronous errors with before option", BEFORE),
  UNSAID("before option with immediate abort", BEFORE),
  DIFFERS("before option with synchronous function", first_call_runs_at_once,
          BEFORE),
  UNSAID("before option with errors in leading call", BEFORE),
  DIFFERS("multiple debounced functions with before option",
          each_function_runs_its_first_call, BEFORE),
  UNSAID("before option with async error in leading call", BEFORE),
  DIFFERS("simultaneous before and non-before debounced functions",
          leading_and_trailing_edges_are_independent, BEFORE),
  UNSAID(".promise() with after option - basic behavior", AFTER),
  UNSAID(".promise() with after option - latest arguments win", AFTER),
  UNSAID(".promise() with after option - error handling", AFTER),
  UNSAID(".promise() with after option - no queue when no overlapping calls",
         AFTER),
  SAME(".promise() without after option - original behavior unchanged",
       concurrent_calls_share_a_result),
  UNSAID(".promise() with after option - call during queued execution should "
         "resolve",
         AFTER),
  UNSAID(".promise() with after option - multiple simultaneous queuers get "
         "same result",
         AFTER),
  UNSAID(
      ".promise() with after option - error in queued call followed by success",
      AFTER),
  UNSAID(".promise() with after option - error in initial call should still "
         "process queue",
         AFTER),
};

SUITE(p_debounce_first) {
  return RUN_NPM("p-debounce 5.1.0", cases, begin);
}
