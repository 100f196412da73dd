/* SPDX-License-Identifier: MIT */
/*
 * p-debounce: a function that runs after its callers were quiet for a while.
 * All callers get its outcome. Here it is a channel of arguments and a promise:
 * `call` and `run_last` are the whole implementation.
 */
#include "npm.h"

#define NO_THIS   "C has no `this`"
#define NO_SIGNAL "what is stopped is who waits: see avow_until()"
#define VALUES    "avow treats values of all types alike"

enum { ROOM = 128 };

typedef struct {
  avow_channel_t *calls;
  avow_promise_t *all;
  avow_promise_t *result; /* of calls since its last run */
  avow_deferred_t *d;
  uint64_t takes; /* ms */
  int code;       /* its error; 0: none */
  int ran;
  int64_t last; /* its last argument */
} function_t;

static function_t f, g;

static void begin(void) {
  memset(&f, 0, sizeof(f));
  memset(&g, 0, sizeof(g));
}

typedef struct {
  int64_t value;
  int code;
} end_t;

static avow_value_t give(const avow_value_t *arg, void *end) {
  const end_t *given = end;
  return given->code != 0 ? avow_error(given->code) : avow_int(given->value);
}

/* The body of the function. */
static avow_promise_t *body(const function_t *self, int64_t value) {
  end_t *end = malloc(sizeof(*end));
  assert_non_null(end);
  *end = (end_t){ .value = value, .code = self->code };
  return avow_attach(avow_then(avow_sleep(loop, self->takes), give, NULL, end),
                     end, free);
}

static avow_value_t run_last(const avow_value_t *value, void *data) {
  function_t *self = data;
  avow_deferred_t *d = self->d;
  avow_promise_clear(&self->result);
  self->ran++;
  self->last = avow_to_int(value);
  (void) avow_resolve(d, avow_follow(body(self, self->last))); /* or all left */
  return avow_none();
}

static avow_value_t pass_end(const avow_value_t *arg, void *unused) {
  return avow_none();
}

static void debounce(function_t *self, uint64_t ms) {
  const avow_map_options_t options = { .concurrency = 1 };
  self->calls = avow_channel_new(loop, ROOM);
  avow_channel_t *c = avow_channel_debounce(avow_channel_ref(self->calls), ms,
                                            AVOW_EDGE_TRAILING);
  self->all = avow_then(avow_each(c, run_last, self, &options), pass_end,
                        pass_end, NULL);
  avow_channel_unref(c);
}

static avow_promise_t *call(function_t *self, int64_t value) {
  if (self->result == NULL)
    self->result = avow_promise_new(loop, &self->d);
  avow_promise_t *p = avow_ref(self->result);
  assert_int_equal(avow_channel_try_send(self->calls, avow_int(value)), 0);
  return p;
}

static void release(function_t *self) {
  avow_cancel(self->all);
  avow_value_unref(avow_run(self->all));
  if (self->result != NULL) {
    avow_deferred_drop(self->d);
    avow_unref(avow_catch(self->result, pass_end, NULL));
  }
  avow_channel_unref(self->calls);
}

static avow_promise_t *calls(function_t *self, int64_t first, int64_t last) {
  avow_promise_t *ps[ROOM];
  size_t n = 0;
  for (int64_t i = first; i <= last; i++)
    ps[n++] = call(self, i);
  return avow_all(loop, ps, n);
}

static void wait_for(uint64_t ms) {
  avow_value_unref(avow_run(avow_sleep(loop, ms)));
}

static void single_call_runs_once(void **state) {
  debounce(&f, 100);
  assert_fulfills_int(call(&f, 7), 7);
  release(&f);
}

static void several_calls_run_once_with_the_last_value(void **state) {
  debounce(&f, 100);
  f.takes = 50;

  assert_at(150, calls(&f, 1, 5), "is=[5 5 5 5 5]");

  assert_int_equal(f.ran, 1);
  wait_for(200);
  assert_fulfills_int(call(&f, 6), 6);
  release(&f);
}

static void function_may_outlast_the_quiet_time(void **state) {
  debounce(&f, 100);
  f.takes = 200;
  avow_promise_t *first = calls(&f, 1, 3);
  wait_for(101);

  assert_outcome(calls(&f, 4, 6), "is=[6 6 6]");

  assert_outcome(first, "is=[3 3 3]");
  assert_int_equal(f.ran, 2);
  release(&f);
}

static void calls_during_a_run_share_the_next_run(void **state) {
  debounce(&f, 50);
  f.takes = 100;
  avow_promise_t *first = call(&f, 1);
  wait_for(60);

  assert_outcome(calls(&f, 2, 3), "is=[3 3]");

  assert_fulfills_int(first, 1);
  assert_int_equal(f.ran, 2);
  release(&f);
}

static void slower_first_run_settles_too(void **state) {
  debounce(&f, 30);
  f.takes = 150;
  avow_promise_t *first = call(&f, 1);
  wait_for(35);
  f.takes = 50;
  avow_promise_t *others = calls(&f, 2, 3);

  assert_fulfills_int(first, 1);

  assert_outcome(others, "is=[3 3]");
  assert_int_equal(f.ran, 2);
  release(&f);
}

static void debounced_functions_do_not_interfere(void **state) {
  debounce(&f, 30);
  debounce(&g, 30);
  f.takes = g.takes = 50;
  avow_promise_t *of_f = calls(&f, 1, 2), *of_g = calls(&g, 11, 12);

  assert_outcome(of_f, "is=[2 2]");
  assert_outcome(of_g, "is=[12 12]");

  release(&f);
  release(&g);
}

static void zero_delay_runs_once_without_passing_time(void **state) {
  debounce(&f, 0);

  assert_outcome(calls(&f, 1, 3), "is=[3 3 3]");

  assert_int_equal(f.ran, 1);
  assert_int_equal(avow_now(loop), 0);
  release(&f);
}

static void function_does_not_run_inside_the_call(void **state) {
  debounce(&f, 0);
  avow_promise_t *p = call(&f, 1);
  assert_int_equal(f.ran, 0);
  avow_value_unref(avow_run(p));
  assert_int_equal(f.ran, 1);
  release(&f);
}

static void failure_rejects_all_callers(void **state) {
  debounce(&f, 50);
  f.takes = 10;
  f.code = UV_EPROTO;
  avow_promise_t *ps[] = { call(&f, 1), call(&f, 2), call(&f, 3) };

  for (size_t i = 0; i < 3; i++)
    assert_rejects(ps[i], UV_EPROTO);

  assert_int_equal(f.ran, 1);
  release(&f);
}

static void results_and_failures_may_alternate(void **state) {
  debounce(&f, 50);
  assert_fulfills_int(call(&f, 1), 1);
  f.code = UV_EPROTO;
  assert_rejects(call(&f, 2), UV_EPROTO);
  f.code = 0;
  assert_fulfills_int(call(&f, 3), 3);
  release(&f);
}

static avow_value_t abort_it(const avow_value_t *arg, void *unused) {
  return avow_error(UV_EPERM);
}

static avow_promise_t *signal_in(uint64_t ms) {
  return avow_then(avow_sleep(loop, ms), abort_it, NULL, NULL);
}

static void signal_rejects_waiting_callers(void **state) {
  debounce(&f, 100);
  avow_promise_t *stop = signal_in(10);
  avow_promise_t *ps[3];
  for (int i = 0; i < 3; i++)
    ps[i] = avow_until(call(&f, i), stop);

  for (int i = 0; i < 3; i++)
    assert_rejects(ps[i], UV_EPERM);

  assert_int_equal(avow_now(loop), 10);
  assert_int_equal(f.ran, 0);
  avow_unref(stop);
  release(&f);
}

static void settled_signal_rejects_a_call(void **state) {
  debounce(&f, 100);
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));

  assert_rejects(avow_until(call(&f, 1), stop), UV_EPERM);

  avow_unref(stop);
  release(&f);
}

static void timeout_rejects_a_waiting_caller(void **state) {
  debounce(&f, 150);

  assert_rejects(avow_timeout(call(&f, 1), 100), UV_ETIMEDOUT);

  release(&f);
}

static void signal_does_not_affect_another_function(void **state) {
  debounce(&f, 50);
  debounce(&g, 50);
  avow_promise_t *stop = signal_in(10);
  avow_promise_t *p = avow_until(call(&f, 1), stop), *q = call(&g, 2);

  assert_rejects(p, UV_EPERM);
  assert_fulfills_int(q, 2);

  avow_unref(stop);
  release(&f);
  release(&g);
}

static void settled_signal_rejects_many_calls(void **state) {
  debounce(&f, 50);
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));
  for (int i = 0; i < 100; i++)
    assert_rejects(avow_until(call(&f, i), stop), UV_EPERM);
  avow_unref(stop);
  release(&f);
}

static avow_value_t call_inner(const avow_value_t *value, void *unused) {
  return avow_follow(call(&g, avow_to_int(value) + 10));
}

static void debounced_function_may_call_another(void **state) {
  debounce(&f, 50);
  debounce(&g, 30);

  assert_fulfills_int(avow_then(call(&f, 1), call_inner, NULL, NULL), 11);

  assert_int_equal(f.last, 1);
  assert_int_equal(g.last, 11);
  release(&f);
  release(&g);
}

static void call_at_the_timeout_starts_another_run(void **state) {
  debounce(&f, 50);
  avow_promise_t *first = call(&f, 1);
  wait_for(0); /* its quiet time has begun */
  wait_for(50);

  avow_promise_t *second = call(&f, 2);

  assert_fulfills_int(first, 1);
  assert_fulfills_int(second, 2);
  assert_int_equal(f.ran, 2);
  release(&f);
}

static const npm_case_t cases[] = {
  SAME("single call", single_call_runs_once),
  SAME("multiple calls", several_calls_run_once_with_the_last_value),
  SAME("fn takes longer than wait", function_may_outlast_the_quiet_time),
  UNSAID("`this` is preserved in pDebounce() fn", NO_THIS),
  UNSAID("`this` is preserved in pDebounce.promise() fn", NO_THIS),
  SAME("AbortSignal cancels debounced calls", signal_rejects_waiting_callers),
  SAME("already aborted signal prevents execution",
       settled_signal_rejects_a_call),
  SAME("multiple promises are cancelled together with AbortSignal",
       signal_rejects_waiting_callers),
  UNSAID("function still works after AbortSignal cancellation", NO_SIGNAL),
  UNSAID("abort listener is cleaned up after normal completion", NO_SIGNAL),
  SAME("multiple abort signals are handled correctly without leaks",
       signal_does_not_affect_another_function),
  SAME("abort rejects all pending callers with consistent AbortError",
       signal_rejects_waiting_callers),
  UNSAID("this context is preserved in non-before mode", NO_THIS),
  SAME("handles synchronous errors correctly", failure_rejects_all_callers),
  SAME("handles rejected promises correctly", failure_rejects_all_callers),
  SAME("multiple callers all receive the same rejection",
       failure_rejects_all_callers),
  SAME("handles undefined and null arguments", single_call_runs_once),
  SAME("rapid abort signals do not cause memory leaks",
       settled_signal_rejects_many_calls),
  SAME("mixed successful and failed calls", results_and_failures_may_alternate),
  SAME("error handling - documents behavior", failure_rejects_all_callers),
  SAME("calls made during function execution resolve with correct values",
       calls_during_a_run_share_the_next_run),
  SAME("concurrent debounced functions do not interfere",
       debounced_functions_do_not_interfere),
  SAME("extremely short wait time (0ms)",
       zero_delay_runs_once_without_passing_time),
  UNSAID("abort signal during different phases", NO_SIGNAL),
  SAME("error propagation to all waiting promises",
       failure_rejects_all_callers),
  UNSAID("wait parameter validation", "the type is unsigned"),
  SAME("complex argument passing", single_call_runs_once),
  SAME("maintains proper promise resolution order",
       slower_first_run_settles_too),
  UNSAID("debounce with negative wait time", "the type is unsigned"),
  UNSAID("abort signal removed after successful execution", NO_SIGNAL),
  SAME("debounce function returning undefined",
       several_calls_run_once_with_the_last_value),
  UNSAID("edge case: call during abort signal cleanup", NO_SIGNAL),
  UNSAID("callstack is preserved in debounced function",
         "errors have no stack"),
  SAME("zero timeout executes in next tick",
       function_does_not_run_inside_the_call),
  SAME("debounce with AbortSignal.timeout", timeout_rejects_a_waiting_caller),
  SAME("promise resolution with null and undefined",
       several_calls_run_once_with_the_last_value),
  SAME("multiple abort controllers on same debounced function",
       signal_does_not_affect_another_function),
  SAME("debounce preserves promise rejection details",
       failure_rejects_all_callers),
  SAME("nested debounced functions", debounced_function_may_call_another),
  SAME("race condition: new call right at timeout boundary",
       call_at_the_timeout_starts_another_run),
  SAME("function with Symbol return value", single_call_runs_once),
  UNSAID("concurrent calls with different this contexts", NO_THIS),
  UNSAID("context preservation in pDebounce", NO_THIS),
  UNSAID("context preservation in pDebounce.promise", NO_THIS),
  SAME("arguments preservation in complex scenarios", single_call_runs_once),
  UNSAID("abort signal during various execution phases", NO_SIGNAL),
  SAME("memory cleanup after abort", settled_signal_rejects_many_calls),
  UNSAID(".promise() with after option - context preservation", NO_THIS),
};

SUITE(p_debounce) {
  return RUN_NPM("p-debounce 5.1.0", cases, begin);
}
