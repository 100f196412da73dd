/* SPDX-License-Identifier: MIT */
/* Faults in the program itself: canceled awaits and failed allocations. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "suite.h"

enum { SEEDS = 300, OFTEN = 1000, SLEEP = 10, TIMES = 30 };

static const avow_sim_options_t cancels = { .faults = AVOW_SIM_CANCEL,
                                            .fault_rate = OFTEN };
/* At a higher rate, no loop could be opened. */
static const avow_sim_options_t starves = { .faults = AVOW_SIM_MEMORY,
                                            .fault_rate = OFTEN / 10 };

/* The totals of all runs. */
typedef struct {
  int canceled;
  int slept;
  int refused;
} count_t;

/* Values that a program did not release. The test releases them, so that leak
   checkers report nothing. */
static avow_value_t forgotten;

static int failed_runs(avow_sim_fn program, count_t *count,
                       const avow_sim_options_t *options) {
  int failed = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    failed += avow_sim(seed, program, count, options).failed;
    avow_value_clear(&forgotten);
  }
  return failed;
}

#ifndef AVOW_NO_ASYNC
typedef struct {
  uv_loop_t *loop;
  count_t *count;
} world_t;

static avow_value_t sleep_some(void *data) {
  const world_t world = *(const world_t *) data;
  for (int i = 0; i < 3; i++) {
    const avow_value_t v = avow_await(avow_sleep(world.loop, SLEEP));
    world.count->canceled += avow_error_code(&v) == UV_ECANCELED;
    world.count->slept += avow_is_none(&v);
    if (avow_is_error(&v))
      return v;
  }
  return avow_none();
}

static avow_value_t wait_for_two(void *data) {
  world_t world = *(const world_t *) data;
  avow_promise_t *const both[] = { avow_async(world.loop, sleep_some, &world),
                                   avow_async(world.loop, sleep_some, &world) };
  const avow_value_t v = avow_await(avow_all_settled(world.loop, both, 2));
  assert_false(avow_is_error(&v)); /* the program itself is never canceled */
  avow_value_unref(v);
  return avow_none();
}

static avow_promise_t *two_sleepers(uv_loop_t *loop, void *data) {
  world_t world = { loop, data };
  return avow_async(loop, wait_for_two, &world);
}

static void faults_cancel_awaits_except_the_programs_own(void **state) {
  count_t count = { 0 };

  assert_int_equal(failed_runs(two_sleepers, &count, &cancels), 0);

  assert_true(count.canceled > SEEDS / 10);
  assert_true(count.slept > SEEDS);
}

static void no_await_is_canceled_without_the_option(void **state) {
  count_t count = { 0 };

  assert_int_equal(failed_runs(two_sleepers, &count, NULL), 0);

  assert_int_equal(count.canceled, 0);
  assert_int_equal(count.slept, SEEDS * 2 * 3);
}

static avow_value_t wait_for_one(void *data) {
  world_t world = *(const world_t *) data;
  return avow_await(avow_async(world.loop, sleep_some, &world));
}

static avow_promise_t *sleeper(uv_loop_t *loop, void *data) {
  world_t world = { loop, data };
  return avow_async(loop, wait_for_one, &world);
}

static void program_may_reject_after_a_cancellation_fault(void **state) {
  count_t count = { 0 };

  assert_int_equal(failed_runs(sleeper, &count, &cancels), 0);

  assert_true(count.canceled > 0);
}

/* Any of the waiting functions may be the first to be canceled. */

static int sleepers, firsts[3];
static bool somebody_was;

static avow_value_t sleep_once(void *loop) {
  const int which = sleepers++;
  const avow_value_t v = avow_await(avow_sleep(loop, SLEEP));
  firsts[which] += avow_is_error(&v) && !somebody_was;
  somebody_was = somebody_was || avow_is_error(&v);
  return v;
}

static avow_promise_t *three_sleepers(uv_loop_t *loop, void *data) {
  avow_promise_t *all[3];
  sleepers = 0;
  somebody_was = false;
  for (int i = 0; i < 3; i++)
    all[i] = avow_async(loop, sleep_once, loop);
  return avow_all_settled(loop, all, 3);
}

static void any_waiting_function_may_be_canceled(void **state) {
  assert_int_equal(failed_runs(three_sleepers, NULL, &cancels), 0);

  for (int i = 0; i < 3; i++)
    assert_true(firsts[i] > 0);
}
#endif

static avow_promise_t *canceled_by_itself(uv_loop_t *loop, void *data) {
  return avow_promise_reject(loop, avow_error(UV_ECANCELED));
}

static void rejection_without_a_fault_fails(void **state) {
  assert_int_equal(failed_runs(canceled_by_itself, NULL, &cancels), SEEDS);
}

static avow_promise_t *writer(uv_loop_t *loop, void *data) {
  count_t *count = data;
  for (int i = 0; i < TIMES; i++) {
    const avow_value_t v = avow_string("some bytes");
    if (avow_is_error(&v)) {
      count->refused++;
      return avow_promise_resolve(loop, v);
    }
    avow_value_unref(v);
  }
  return avow_promise_resolve(loop, avow_none());
}

static void program_may_reject_after_an_allocation_fault(void **state) {
  count_t count = { 0 };

  assert_int_equal(failed_runs(writer, &count, &starves), 0);

  assert_true(count.refused > 0);
  assert_true(count.refused < SEEDS);
}

static avow_value_t leak(void) {
  const avow_value_t first = avow_string("one");
  const avow_value_t second = avow_string("two");
  if (avow_is_error(&second)) {
    forgotten = first;
    return second;
  }
  avow_value_unref(first);
  avow_value_unref(second);
  return avow_none();
}

static avow_promise_t *leaker(uv_loop_t *loop, void *data) {
  avow_value_t v = avow_none();
  for (int i = 0; i < TIMES && !avow_is_error(&v); i++)
    v = leak();
  return avow_promise_resolve(loop, v);
}

static void leak_after_an_allocation_fault_fails(void **state) {
  const int failed = failed_runs(leaker, NULL, &starves);

  assert_true(failed > 0);
  assert_true(failed < SEEDS);
}

static bool hoard(void) {
  char *zeros = avow_sim_calloc(2, SLEEP);
  char *block = avow_sim_malloc(1);
  char *larger = avow_sim_realloc(block, SLEEP);
  assert_true(zeros == NULL || zeros[2 * SLEEP - 1] == 0);
  avow_sim_free(zeros);
  avow_sim_free(larger != NULL ? larger : block);
  return zeros != NULL && block != NULL && larger != NULL;
}

static avow_promise_t *hoarder(uv_loop_t *loop, void *data) {
  count_t *count = data;
  for (int i = 0; i < TIMES; i++)
    count->refused += !hoard();
  return avow_promise_resolve(loop, avow_none());
}

static void allocations_of_the_program_fail_too(void **state) {
  count_t count = { 0 };

  assert_int_equal(failed_runs(hoarder, &count, &starves), 0);
  assert_true(count.refused > 0);

  count.refused = 0;
  assert_int_equal(failed_runs(hoarder, &count, NULL), 0);
  assert_int_equal(count.refused, 0);
}

static avow_promise_t *forgetter(uv_loop_t *loop, void *data) {
  *(void **) data = avow_sim_malloc(1);
  return avow_promise_resolve(loop, avow_none());
}

static void leak_of_the_programs_own_memory_fails(void **state) {
  void *block = NULL;

  const avow_sim_result_t result = avow_sim(1, forgetter, &block, NULL);

  assert_non_null(
      strstr(result.why,
             "1 blocks of memory were not freed: values or promises "
             "with references; the oldest is allocation "));
  avow_sim_free(block);
}

SUITE(faults) {
  const struct CMUnitTest tests[] = {
#ifndef AVOW_NO_ASYNC
    cmocka_unit_test(faults_cancel_awaits_except_the_programs_own),
    cmocka_unit_test(no_await_is_canceled_without_the_option),
    cmocka_unit_test(program_may_reject_after_a_cancellation_fault),
    cmocka_unit_test(any_waiting_function_may_be_canceled),
#endif
    cmocka_unit_test(rejection_without_a_fault_fails),
    cmocka_unit_test(program_may_reject_after_an_allocation_fault),
    cmocka_unit_test(leak_after_an_allocation_fault_fails),
    cmocka_unit_test(allocations_of_the_program_fail_too),
    cmocka_unit_test(leak_of_the_programs_own_memory_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
