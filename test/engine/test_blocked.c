/* SPDX-License-Identifier: MIT */
/* The lines of checked builds about jobs that block the loop. The test controls
   the clock that avow reads. */
#include <stdio.h>

#include "avow/log.h"
#include "base/symbol.h"
#include "harness.h"

enum { US = 1000 /* ns */, LIMIT_US = 50000, HOOK_US = 10000 };

static uint64_t present;
static uint64_t us; /* the time that each handler takes */
static unsigned lines;
static char line[2048]; /* the last one */

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return present;
}

uint64_t __wrap_avow__check_clock(void);
uint64_t __wrap_avow__check_clock(void) {
  return present;
}

static void keep_line(const char *text, void *data) {
  lines++;
  (void) snprintf(line, sizeof(line), "%s", text);
}

static void open_with(const avow_options_t *options) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, options), 0);
}

static int blocked_setup(void **state) {
  present = 1;
  lines = 0;
  line[0] = '\0';
  us = LIMIT_US + 100;
  if (harness_setup(state) != 0)
    return -1;
  avow_set_log(keep_line, NULL);
  open_with(NULL);
  return 0;
}

static int blocked_teardown(void **state) {
  avow_set_log(NULL, NULL);
  return harness_teardown(state);
}

static void take(void) {
  present += us * US;
}

static avow_value_t slow_cb(const avow_value_t *arg, void *data) {
  take();
  return avow_none();
}

static avow_value_t slow_fn(void *data) {
  take();
  return avow_int(1);
}

static void slow_free(void *data) {
  take();
}

static avow_value_t slow_number(size_t i, void *data) {
  take();
  return avow_none();
}

static avow_promise_t *one(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

#define FN(f) ((void (*)(void))(f))

/* Release builds print nothing. */
static void assert_lines(unsigned expected) {
#ifdef NDEBUG
  expected = 0;
#endif
  assert_int_equal(lines, expected);
  lines = 0;
}

/* The last line begins with `start`, and then names the function. */
static void assert_line(const char *start, void (*fn)(void)) {
#ifndef NDEBUG
  char expected[1024];
  const void *place = NULL;
  memcpy(&place, &fn, sizeof(place));
  (void) snprintf(expected, sizeof(expected), "avow: %s in %s", start,
                  avow__symbol_text(place));
  assert_memory_equal(line, expected, strlen(expected));
  assert_non_null(strstr(line,
                         "; run long work with avow_work(), or yield "
                         "with avow_next_iteration()"));
#  ifdef AVOW_BACKTRACE
  assert_non_null(strstr(line, ", promise made in "));
#  else
  assert_null(strstr(line, "made in"));
#  endif
#endif
  assert_lines(1);
}

/* Takes ownership of `p`, whose job takes too long. */
static void assert_blames(avow_promise_t *p, const char *kind,
                          void (*fn)(void)) {
  char start[64];
  (void) snprintf(start, sizeof(start),
                  "job of %s blocked the loop for 50.1 ms", kind);

  avow_value_unref(avow_run(p));

  assert_line(start, fn);
}

static void slow_handler_is_named(void **state) {
  assert_blames(avow_then(one(), slow_cb, NULL, NULL), "then", FN(slow_cb));
  assert_blames(avow_finally(one(), slow_fn, NULL), "finally", FN(slow_fn));
  assert_blames(avow_attach(one(), NULL, slow_free), "attach", FN(slow_free));
}

static void slow_step_of_a_repeat_is_named(void **state) {
  assert_blames(avow_repeat(loop, slow_fn, NULL), "repeat", FN(slow_fn));
}

static void slow_function_of_a_tool_is_named(void **state) {
  const avow_map_options_t one_by_one = { .concurrency = 1 };
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_channel_t *items = avow_channel_new(loop, 1);
  assert_int_equal(avow_channel_try_send(items, avow_int(1)), 0);
  avow_channel_end(items);

  assert_blames(avow_map(loop, 1, slow_number, NULL, &one_by_one), "child",
                FN(slow_number));
  assert_blames(avow_each(items, slow_cb, NULL, NULL), "child", FN(slow_cb));
  assert_blames(avow_limiter_run(limiter, slow_fn, NULL), "limiter",
                FN(slow_fn));

  avow_channel_unref(items);
  avow_limiter_unref(limiter);
}

static void slow_job_is_reported_with_the_name_of_its_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_set_name(p, "the answer");
  assert_true(avow_resolve(d, avow_int(1)));

  assert_blames(avow_then(p, slow_cb, NULL, NULL), "then 'the answer'",
                FN(slow_cb));
}

#ifndef AVOW_NO_ASYNC
static avow_value_t awaits_often(void *data) {
  for (int i = 0; i < 5; i++) {
    avow_value_unref(avow_await(one()));
    take();
  }
  return avow_none();
}

/* Each part between two awaits is a job, although the awaited promises have
   settled. */
static void time_of_an_async_function_counts_between_two_awaits(void **state) {
  us = LIMIT_US / 2;
  avow_value_unref(avow_run(avow_async(loop, awaits_often, NULL)));
  assert_lines(0);

  us = LIMIT_US + 100;
  assert_blames(avow_async(loop, awaits_often, NULL), "async",
                FN(awaits_often));
}
#endif

static void slow_destroy(void *self) {
  take();
}

/* The job of a combinator releases the value of its input. */
static void job_without_a_function_is_reported(void **state) {
  static const avow_class_t klass = { .name = "slow", .destroy = slow_destroy };
  avow_promise_t *const inputs[] = {
    one(), avow_promise_resolve(loop, avow_object(&klass, NULL))
  };

  avow_value_unref(avow_run(avow_race(loop, inputs, 2)));
  run();

  assert_lines(1);
#ifndef NDEBUG
  assert_non_null(strstr(line, " blocked the loop for 50.1 ms"));
  assert_null(strstr(line, "ms in"));
#endif
}

static void quick_handler_is_not_reported(void **state) {
  us = LIMIT_US;

  for (int i = 0; i < 100; i++)
    avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_lines(0);
}

static void function_is_reported_once_for_each_loop(void **state) {
  for (int i = 0; i < 3; i++)
    avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));
  assert_lines(1);

  open_with(NULL);
  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));
  assert_lines(1);
}

#define HANDLER(n)                                                       \
  static avow_value_t handler_##n(const avow_value_t *arg, void *data) { \
    take();                                                              \
    return avow_int(n);                                                  \
  }
HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)
HANDLER(4)
HANDLER(5)
HANDLER(6)
HANDLER(7)
HANDLER(8)

static void few_functions_of_a_loop_are_reported(void **state) {
  static const avow_cb handlers[] = { handler_0, handler_1, handler_2,
                                      handler_3, handler_4, handler_5,
                                      handler_6, handler_7, handler_8 };

  for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
    avow_value_unref(avow_run(avow_then(one(), handlers[i], NULL, NULL)));

  assert_lines(8);
}

static void limit_of_the_program_is_used(void **state) {
  open_with(&(avow_options_t){ .slow_us = 2 * LIMIT_US });

  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));
  assert_lines(0);

  us = 2 * LIMIT_US + 1;
  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));
  assert_lines(1);
}

static void largest_limit_switches_reports_off(void **state) {
  avow_stats_t stats;
  open_with(&(avow_options_t){ .slow_us = UINT_MAX });
  us = (uint64_t) UINT_MAX * 2;

  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_lines(0);
  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.longest_job, 0);
  assert_int_equal(stats.slow_jobs, 0);
}

static void count_slow(uv_loop_t *l, const avow_job_t *job, void *data) {
  ++*(unsigned *) data;
}

static void hook_receives_slow_jobs_instead(void **state) {
  unsigned count = 0;
  open_with(&(avow_options_t){ .on_slow = count_slow, .data = &count });

  us = HOOK_US;
  avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));
  us = HOOK_US + 1;
  for (int i = 0; i < 3; i++)
    avow_value_unref(avow_run(avow_then(one(), slow_cb, NULL, NULL)));

  assert_int_equal(count, 3);
  assert_lines(0);
}

#define BLOCKED(f) \
  cmocka_unit_test_setup_teardown(f, blocked_setup, blocked_teardown)

SUITE(blocked) {
  const struct CMUnitTest tests[] = {
    BLOCKED(slow_handler_is_named),
    BLOCKED(slow_step_of_a_repeat_is_named),
    BLOCKED(slow_function_of_a_tool_is_named),
    BLOCKED(slow_job_is_reported_with_the_name_of_its_promise),
#ifndef AVOW_NO_ASYNC
    BLOCKED(time_of_an_async_function_counts_between_two_awaits),
#endif
    BLOCKED(job_without_a_function_is_reported),
    BLOCKED(quick_handler_is_not_reported),
    BLOCKED(function_is_reported_once_for_each_loop),
    BLOCKED(few_functions_of_a_loop_are_reported),
    BLOCKED(limit_of_the_program_is_used),
    BLOCKED(largest_limit_switches_reports_off),
    BLOCKED(hook_receives_slow_jobs_instead),
  };
  return RUN(tests);
}
