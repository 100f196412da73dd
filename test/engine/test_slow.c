/* SPDX-License-Identifier: MIT */
/* Jobs that take long: what their hook is called with. A slow machine makes any
   job slow, so these tests look at the jobs of one function only.
   test_turn_time.c, which has a clock of its own, tests exact durations. */
#include "harness.h"

#include "avow/stackless.h"
#include "base/check_clock.h"

enum { LONG_MS = 3, LIMIT_US = 2000 };

/* The reports of the hook about jobs that call `fn`. */
typedef struct {
  void (*fn)(void);
  unsigned all; /* calls of the hook for any function */
  unsigned count;
  const char *kind;
  bool has_place;
  uint64_t us; /* of the longest job */
  int err;     /* result of a close in the hook */
} told_t;

static told_t told;

static void on_slow(uv_loop_t *l, const avow_job_t *job, void *data) {
  assert_ptr_equal(l, loop);
  assert_ptr_equal(data, &told);
  told.all++;
  if (job->fn != told.fn)
    return;
  told.count++;
  told.kind = job->kind;
  told.has_place = job->where != NULL;
  told.us = job->us > told.us ? job->us : told.us;
  told.err = avow_loop_close(l);
}

static void open_with(unsigned slow_us, avow_slow_cb cb) {
  const avow_options_t options = { .budget_us = UINT_MAX,
                                   .slow_us = slow_us,
                                   .on_slow = cb,
                                   .data = &told };
  told = (told_t){ .all = 0 };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static avow_stats_t stats(void) {
  avow_stats_t out;
  avow_loop_stats(loop, &out, sizeof(out));
  return out;
}

static avow_value_t slow_cb(const avow_value_t *arg, void *data) {
  stall(LONG_MS);
  return avow_none();
}

static avow_value_t slow_fn(void *data) {
  stall(LONG_MS);
  return avow_int(1);
}

static void slow_free(void *data) {
  stall(LONG_MS);
}

static avow_value_t quick_cb(const avow_value_t *arg, void *data) {
  return avow_value_ref(arg);
}

/* Takes ownership of p. At most `jobs` of its jobs call `fn`, and one of them
   is slow. */
static void assert_reported(avow_promise_t *p, const char *kind,
                            void (*fn)(void), unsigned jobs) {
  told = (told_t){ .fn = fn };

  avow_value_unref(avow_run(p));

  assert_int_in_range(told.count, 1, jobs);
  assert_string_equal(told.kind, kind);
  assert_true(told.us >= LONG_MS * 1000);
  assert_int_equal(told.err, UV_EBUSY);
#ifdef AVOW_BACKTRACE
  assert_true(told.has_place);
#else
  assert_false(told.has_place);
#endif
}

static avow_promise_t *one(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

static avow_promise_t *failed(void) {
  return avow_promise_reject(loop, avow_error(UV_EIO));
}

#define FN(f) ((void (*)(void))(f))

static void slow_job_is_reported_with_its_function(void **state) {
  open_with(LIMIT_US, on_slow);

  assert_reported(avow_then(one(), slow_cb, NULL, NULL), "then", FN(slow_cb),
                  1);
  assert_reported(avow_then(failed(), quick_cb, slow_cb, NULL), "then",
                  FN(slow_cb), 1);
  assert_reported(avow_finally(one(), slow_fn, NULL), "finally", FN(slow_fn),
                  1);
  assert_reported(avow_attach(one(), NULL, slow_free), "attach", FN(slow_free),
                  1);
  assert_reported(avow_repeat(loop, slow_fn, NULL), "repeat", FN(slow_fn), 1);
}

static avow_value_t slow_step(const avow_value_t *got, void *data) {
  avow_frame_t *frame = data;
  AVOW_BEGIN(frame);
  AVOW_AWAIT(frame, avow_next_iteration(loop));
  stall(LONG_MS);
  AVOW_END;
}

static void slow_stackless_step_is_reported(void **state) {
  avow_frame_t frame = { 0 };
  open_with(LIMIT_US, on_slow);

  assert_reported(avow_stackless(loop, slow_step, &frame), "stackless",
                  FN(slow_step), 2);
}

#ifndef AVOW_NO_ASYNC
static avow_value_t slow_async(void *data) {
  avow_value_unref(avow_await(avow_next_iteration(loop)));
  stall(LONG_MS);
  avow_value_unref(avow_await(avow_next_iteration(loop)));
  return avow_none();
}

static void slow_part_of_an_async_function_is_reported(void **state) {
  open_with(LIMIT_US, on_slow);

  assert_reported(avow_async(loop, slow_async, NULL), "async", FN(slow_async),
                  3);
}
#endif

static void hook_without_a_limit_has_a_default_limit(void **state) {
  open_with(0, on_slow);

  avow_unref(avow_then(one(), slow_cb, NULL, NULL));
  run();

  assert_true(stats().longest_job >= LONG_MS * 1000);
  assert_int_equal(stats().slow_jobs, told.all);
}

static void quick_jobs_are_not_reported(void **state) {
  open_with(UINT_MAX - 1, on_slow);

  assert_fulfills_int(avow_then(one(), quick_cb, NULL, NULL), 1);
  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_int_equal(told.all, 0);
  assert_int_equal(stats().slow_jobs, 0);
  assert_true(stats().longest_job >= LONG_MS * 1000);
}

static void limit_without_a_hook_counts_slow_jobs(void **state) {
  open_with(LIMIT_US, NULL);

  for (int i = 0; i < 3; i++)
    avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_true(stats().slow_jobs >= 3);
  avow_loop_measure(loop);
  assert_int_equal(stats().slow_jobs, 0);
  assert_int_equal(stats().longest_job, 0);
}

/* By default, only checked builds time jobs. */
static void jobs_are_not_timed_in_vain(void **state) {
#ifdef NDEBUG
  const unsigned limit = 0;
#else
  const unsigned limit = UINT_MAX;
#endif
  open_with(limit, NULL);

  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_int_equal(stats().longest_job, 0);
}

static void timed_jobs_are_counted(void **state) {
  enum { N = 1000 };
  open_with(UINT_MAX - 1, NULL);
  const uint64_t before = stats().jobs;

  for (int i = 0; i < N; i++)
    avow_unref(avow_then(one(), quick_cb, NULL, NULL));
  run();

  assert_int_equal(stats().jobs - before, N);
}

#ifndef NDEBUG
/* The clock for reports is at most one tick behind uv_hrtime(), so it reaches
   each time soon after uv_hrtime() did. */
static void clock_of_checks_follows_the_clock(void **state) {
  const uint64_t first = avow__check_clock();
  const uint64_t now = uv_hrtime();
  assert_true(first <= now);

  uint64_t later;
  do
    later = avow__check_clock();
  while (later < now);

  assert_true(later <= uv_hrtime());
}
#endif

SUITE(slow) {
  const struct CMUnitTest tests[] = {
    CASE(slow_job_is_reported_with_its_function),
    CASE(slow_stackless_step_is_reported),
#ifndef AVOW_NO_ASYNC
    CASE(slow_part_of_an_async_function_is_reported),
#endif
    CASE(hook_without_a_limit_has_a_default_limit),
    CASE(quick_jobs_are_not_reported),
    CASE(limit_without_a_hook_counts_slow_jobs),
    CASE(jobs_are_not_timed_in_vain),
    CASE(timed_jobs_are_counted),
#ifndef NDEBUG
    CASE(clock_of_checks_follows_the_clock),
#endif
  };
  return RUN(tests);
}
