/* SPDX-License-Identifier: MIT */
/*
 * Async functions: when they run, what an await returns, and how a parked
 * function ends when it is canceled or when its loop closes.
 */
#include <limits.h>

#include "awaiting.h"
#include "fiber/fiber.h"
#include "watched.h"

#if WATCHED
enum { MANY = 1000, PARKED = 1000, SLEEPS = 10 };
#else
enum { MANY = 1000000, PARKED = 20000, SLEEPS = 100 };
#endif

static avow_value_t give_5(void *data) {
  note("ran");
  return avow_int(5);
}

static avow_value_t throw_fn(void *data) {
  return avow_error(UV_EIO);
}

static void function_runs_inside_the_call(void **state) {
  avow_promise_t *p = avow_async(loop, give_5, NULL);

  assert_notes("ran");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfills_int(p, 5);
}

static void returned_error_rejects(void **state) {
  assert_rejects(avow_async(loop, throw_fn, NULL), UV_EIO);
}

enum { STALE = 150, LONG = 100 };

static avow_value_t sleep_long(void *data) {
  return avow_await(avow_sleep(loop, LONG));
}

static void sleep_in_a_function_counts_from_the_current_time(void **state) {
  uv_sleep(STALE);
  const uint64_t start = uv_hrtime();

  assert_fulfills_none(avow_async(loop, sleep_long, NULL));

  assert_true(uv_hrtime() - start > LONG / 2 * UINT64_C(1000000));
}

/* Awaits the promise in its data and records the outcome. */
static avow_value_t await_it(void *promise) {
  note("before");
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "after"));
  return v;
}

static void await_returns_the_value(void **state) {
  avow_promise_t *p =
      avow_async(loop, await_it, avow_promise_resolve(loop, avow_int(7)));

  note("returned");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_int(p, 7);
  assert_notes("before returned after=7");
}

static void await_returns_the_error(void **state) {
  avow_promise_t *bad = avow_promise_reject(loop, avow_error(UV_EIO));

  assert_rejects(avow_async(loop, await_it, bad), UV_EIO);
  assert_notes("before after=EIO");
}

static void functions_awaiting_one_promise_all_get_the_value(void **state) {
  avow_promise_t *shared = avow_promise_resolve(loop, avow_string("all"));
  avow_promise_t *p = avow_async(loop, await_it, avow_ref(shared));
  avow_promise_t *q = avow_async(loop, await_it, shared);

  avow_value_unref(avow_run(p));
  avow_value_unref(avow_run(q));

  assert_notes("before before after='all' after='all'");
}

static void await_waits_for_a_pending_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  p = avow_async(loop, await_it, p);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(p, 1);
}

static avow_value_t follow_it(void *promise) {
  return avow_follow(promise);
}

static void returned_promise_is_adopted(void **state) {
  avow_deferred_t *d;
  avow_promise_t *inner = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_async(loop, follow_it, inner);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(3)));

  assert_fulfills_int(p, 3);
}

static avow_value_t await_in_a_loop(void *data) {
  int64_t sum = 0;
  for (int i = 0; i < MANY; i++) {
    const avow_value_t v = avow_await(avow_promise_resolve(loop, avow_int(i)));
    sum += avow_to_int(&v);
  }
  return avow_int(sum);
}

static void many_awaits_in_a_loop_return_their_values(void **state) {
  const int64_t sum = (int64_t) MANY * (MANY - 1) / 2;

  assert_fulfills_int(avow_async(loop, await_in_a_loop, NULL), sum);
}

/* Awaits of settled promises that need no stack. A program cannot distinguish
   them from other awaits. */

/* The clock is read each time a sixteenth of the budget is spent. In between,
   such awaits need no stack. */
enum { BUDGET = 320, TIMES = 3200 };

static avow_value_t await_settled(void *data) {
  int *n = data;
  while (*n < TIMES) {
    ++*n;
    avow_ignore(avow_await(avow_promise_resolve(loop, avow_none()))); /* none */
  }
  return avow_none();
}

static uint64_t jobs_so_far(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  return stats.jobs;
}

static void await_of_a_settled_promise_counts_as_a_job(void **state) {
  const avow_options_t options = { .budget = BUDGET, STEADY };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  const uint64_t jobs = jobs_so_far();
  int n = 0;
  avow_promise_t *p = avow_async(loop, await_settled, &n);

  (void) uv_run(loop, UV_RUN_ONCE); /* not 0; one budget before the poll */
  assert_int_in_range(n, BUDGET, 2 * BUDGET + 1); /* and one after it */
  assert_fulfills_none(p);

  assert_int_equal(jobs_so_far() - jobs, TIMES);
}

static avow_value_t start_one(void *data) {
  avow_promise_t *p =
      avow_async(loop, await_it, avow_promise_resolve(loop, avow_int(7)));
  note("returned");
  return avow_follow(p);
}

static avow_value_t start_by_a_handler(const avow_value_t *arg, void *data) {
  return start_one(data);
}

static void function_started_by_a_handler_returns_to_it(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_fulfills_int(avow_then(p, start_by_a_handler, NULL, NULL), 7);

  assert_notes("before returned after=7");
}

static avow_value_t start_after_an_await(void *data) {
  avow_ignore(avow_await(avow_promise_resolve(loop, avow_none()))); /* none */
  return start_one(data);
}

static void function_started_by_a_function_returns_to_it(void **state) {
  assert_fulfills_int(avow_async(loop, start_after_an_await, NULL), 7);

  assert_notes("before returned after=7");
}

static avow_value_t await_behind_another(void *data) {
  avow_ignore(avow_await(avow_promise_resolve(loop, avow_none()))); /* none */
  avow_unref(avow_then(avow_promise_resolve(loop, avow_int(1)), note_value_cb,
                       NULL, "first"));
  const avow_value_t v = avow_await(avow_promise_resolve(loop, avow_int(2)));
  avow_value_unref(note_value_cb(&v, "second"));
  return v;
}

static void await_of_a_settled_promise_keeps_job_order(void **state) {
  assert_fulfills_int(avow_async(loop, await_behind_another, NULL), 2);

  assert_notes("first=1 second=2");
}

static avow_value_t sum_to(void *data) {
  int *n = data;
  if (*n == 0)
    return avow_int(0);
  const int mine = (*n)--;
  const avow_value_t v = avow_await(avow_async(loop, sum_to, n));
  return avow_int(mine + avow_to_int(&v));
}

static void async_functions_can_start_others(void **state) {
  int n = 100;

  assert_fulfills_int(avow_async(loop, sum_to, &n), 5050);
}

static avow_value_t await_quietly(void *promise) {
  return avow_await(promise);
}

static _Thread_local uv_loop_t *thread_loop;

static avow_value_t sleep_once(void *data) {
  avow_value_unref(avow_await(avow_sleep(thread_loop, 0)));
  return avow_int(1);
}

static avow_value_t sleep_and_sum(void *data) {
  int64_t sum = 0;
  for (int i = 0; i < SLEEPS; i++) {
    const avow_value_t v =
        avow_await(avow_async(thread_loop, sleep_once, NULL));
    sum += avow_to_int(&v);
  }
  return avow_int(sum);
}

static avow_value_t await_deep(int depth, avow_promise_t *p) {
  volatile char frame[64] = { (char) depth }; /* needs a stack */
  const avow_value_t v = depth > 0 ? await_deep(depth - 1, p) : avow_await(p);
  assert_int_equal(frame[0], (char) depth);
  return v;
}

static avow_value_t await_from_below(void *promise) {
  return await_deep(50, promise);
}

static void called_functions_may_await(void **state) {
  avow_promise_t *p = avow_async(loop, await_from_below, avow_sleep(loop, 0));

  assert_fulfills_none(p);
}

/* Parks as many functions as a busy server may have. */
static void many_functions_can_be_parked_at_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_stats_t stats;
  for (int i = 0; i < PARKED; i++)
    avow_unref(avow_async(loop, await_quietly, avow_ref(shared)));

  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.pending, 1 + PARKED);
  assert_true(avow_resolve(d, avow_int(1)));
  avow_unref(shared);
  run();

  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.live, 0);
}

static void dump_shows_a_parked_function_as_waiting(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_async(loop, await_quietly, p);
  char text[1024];

  dump_loop(text, sizeof(text));

  assert_non_null(strstr(text, " pending async waits for "));
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

/* Runs a loop in a thread of its own. */
static void run_a_loop(void *sum) {
  uv_loop_t own;
  if (uv_loop_init(&own) != 0 || avow_loop_init(&own, &steady) != 0)
    return;
  thread_loop = &own;
  const avow_value_t v = avow_run(avow_async(&own, sleep_and_sum, NULL));
  *(int64_t *) sum = avow_to_int(&v);
  (void) avow_loop_close(&own); /* uv_loop_close() checks it */
  if (uv_loop_close(&own) != 0)
    *(int64_t *) sum = -1;
}

static void async_functions_run_on_loops_of_several_threads(void **state) {
  int64_t sums[2] = { 0 };
  uv_thread_t threads[2];

  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_create(&threads[i], run_a_loop, &sums[i]), 0);
  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);

  assert_int_equal(sums[0], SLEEPS);
  assert_int_equal(sums[1], SLEEPS);
}

static avow_value_t note_stack(void *where) {
  char here;
  *(uintptr_t *) where = (uintptr_t) &here;
  return avow_none();
}

static void free_stack_is_reused(void **state) {
  uintptr_t first = 0, second = 1;

  avow_unref(avow_async(loop, note_stack, &first));
  avow_unref(avow_async(loop, note_stack, &second));

  assert_int_equal(first, second);
}

/* Stacks in excess of the option are returned to the system. */
static void idle_stacks_limits_the_kept_stacks(void **state) {
  const avow_options_t options = { STEADY, .idle_stacks = 1 };
  uv_loop_t other;
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &options), 0);
  avow_promise_t *shared = avow_promise_new(&other, &d);
  for (int i = 0; i < 3; i++)
    avow_unref(avow_async(&other, await_it, avow_ref(shared)));

  assert_true(avow_resolve(d, avow_int(1)));
  assert_int_equal(uv_run(&other, UV_RUN_DEFAULT), 0);

  assert_notes("before before before after=1 after=1 after=1");
  avow_unref(shared);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

#ifndef _WIN32 /* Windows makes the guards there */

static avow_value_t measure_guard(void *data) {
  return avow_int((int64_t) avow__fiber_now->stack.guard);
}

static void guard_size_sets_the_size_of_the_guard(void **state) {
  const avow_options_t options = { STEADY, .guard_size = 1 << 20 };
  const int usual = sizeof(void *) > 4 ? 1 << 18 : 1 << 16;
  assert_fulfills_int(avow_async(loop, measure_guard, NULL), usual);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_loop_init(loop, &options), 0);

  assert_fulfills_int(avow_async(loop, measure_guard, NULL), 1 << 20);
}

static int wiped;
static void (*unmap_pages)(void *pages, size_t size);

static void count_zeros(void *pages, size_t size) {
  const char *last = (const char *) pages + size - 1024;
  int set = 0;
  for (int i = 0; i < 1024; i++)
    set += last[i] != 0;
  wiped += set == 0;
  unmap_pages(pages, size);
}

static void wipe_stacks_wipes_freed_stacks(void **state) {
  const avow_options_t options = { STEADY, .wipe_stacks = true };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  unmap_pages = avow__unmap_pages;
  avow__unmap_pages = count_zeros;

  assert_fulfills_int(avow_async(loop, give_5, NULL), 5);

  avow__unmap_pages = unmap_pages;
  assert_int_equal(wiped, 1);
  assert_notes("ran");
}

#endif

static avow_value_t await_borrowed(void *data) {
  return avow_await(avow_ref(data));
}

/* A function that is canceled or has ended allows another one to start. */
static void max_stacks_limits_the_running_functions(void **state) {
  const avow_options_t options = { STEADY, .max_stacks = 2 };
  uv_loop_t other;
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &options), 0);
  avow_promise_t *shared = avow_promise_new(&other, &d);
  avow_promise_t *first = avow_async(&other, await_borrowed, shared);
  avow_promise_t *second = avow_async(&other, await_borrowed, shared);

  assert_rejects(avow_async(&other, await_borrowed, shared), UV_EAGAIN);
  avow_cancel(first);
  assert_rejects(first, UV_ECANCELED);
  avow_promise_t *third = avow_async(&other, await_borrowed, shared);
  assert_rejects(avow_async(&other, await_borrowed, shared), UV_EAGAIN);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(second, 1);
  assert_fulfills_int(third, 1);
  assert_fulfills_int(avow_async(&other, await_borrowed, shared), 1);

  avow_unref(shared);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

SUITE(async) {
  const struct CMUnitTest tests[] = {
    CASE(function_runs_inside_the_call),
    CASE(returned_error_rejects),
    CASE(sleep_in_a_function_counts_from_the_current_time),
    CASE(await_returns_the_value),
    CASE(await_returns_the_error),
    CASE(functions_awaiting_one_promise_all_get_the_value),
    CASE(await_waits_for_a_pending_promise),
    CASE(returned_promise_is_adopted),
    CASE(many_awaits_in_a_loop_return_their_values),
    CASE(await_of_a_settled_promise_counts_as_a_job),
    CASE(await_of_a_settled_promise_keeps_job_order),
    CASE(function_started_by_a_handler_returns_to_it),
    CASE(function_started_by_a_function_returns_to_it),
    CASE(async_functions_can_start_others),
    CASE(called_functions_may_await),
    CASE(many_functions_can_be_parked_at_once),
    CASE(dump_shows_a_parked_function_as_waiting),
    CASE(async_functions_run_on_loops_of_several_threads),
    CASE(free_stack_is_reused),
    CASE(idle_stacks_limits_the_kept_stacks),
    CASE(max_stacks_limits_the_running_functions),
#ifndef _WIN32
    CASE(guard_size_sets_the_size_of_the_guard),
    CASE(wipe_stacks_wipes_freed_stacks),
#endif
  };
  return RUN(tests);
}
