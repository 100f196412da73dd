/* SPDX-License-Identifier: MIT */
/* Clocks that go back. No monotonic clock should do that, but those of some
   virtual machines do. Here the test controls both clocks that avow reads. */
#include "engine/context.h"
#include "harness.h"

enum { US = 1000, MS = 1000 * US, BACK = 1000 /* ms */ };

static uint64_t present;    /* of the fine clock, in ns */
static uint64_t steps_back; /* of the coarse one, in ms */
static uint64_t stopped_at; /* the coarse one; 0: it goes on */

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return present;
}

uint64_t __real_uv_now(const uv_loop_t *of);
uint64_t __wrap_uv_now(const uv_loop_t *of);
uint64_t __wrap_uv_now(const uv_loop_t *of) {
  return stopped_at != 0 ? stopped_at : __real_uv_now(of) - steps_back;
}

static int set_up(void **state) {
  present = (uint64_t) 1000 * MS;
  steps_back = stopped_at = 0;
  return harness_setup(state);
}

static void sleeps_end_after_the_clock_steps_back(void **state) {
  avow_promise_t *other = avow_sleep(loop, 60000);
  const uint64_t before = avow_now(loop);

  steps_back = BACK;

  assert_true(avow_now(loop) >= before);
  avow_promise_t *p = avow_sleep(loop, 0);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* other handles are alive */
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  assert_fulfills_none(avow_sleep(loop, 1));
  avow_cancel(other);
  avow_unref(other);
}

static avow_value_t step_back(const avow_value_t *arg, void *data) {
  steps_back = BACK;
  return avow_none();
}

/* A sleep that is due, but was not delivered, can still be canceled. */
static void due_sleeps_can_be_canceled_after_a_step_back(void **state) {
  const avow_options_t options = { .budget = 1, STEADY };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_promise_t *first = avow_sleep(loop, 1);
  avow_promise_t *second = avow_sleep(loop, 1);
  avow_promise_t *p = avow_then(avow_ref(first), step_back, NULL, NULL);
  avow_promise_t *q = avow_then(first, cancel_cb, NULL, second);

  assert_fulfills_none(p);
  assert_fulfills_none(q);

  assert_rejects(second, UV_ECANCELED);
}

static avow_value_t step(void *data) {
  unsigned *left = data;
  present--;
  return --*left > 0 ? avow_none() : avow_int(1);
}

/* By the clock, each job ends before it starts. */
static void job_times_may_be_negative(void **state) {
  const avow_options_t options = { .budget_us = 1000, .slow_us = 1 };
  unsigned left = 50000;
  avow_stats_t stats;
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);

  assert_fulfills_int(avow_repeat(loop, step, &left), 1);

  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.slow_jobs, 0);
  assert_int_equal(stats.longest_job, 0);
}

static void iteration_times_may_be_negative(void **state) {
  const avow_options_t options = { .budget_us = 1000, .slow_us = UINT_MAX };
  unsigned left = 50000;
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);

  assert_fulfills_int(avow_repeat(loop, step, &left), 1);
}

#ifndef AVOW_NO_ASYNC
static avow_value_t wait_a_while(void *data) {
  return avow_await(avow_sleep(loop, 0));
}

static void iterate(void) {
  assert_int_not_equal(uv_run(loop, UV_RUN_NOWAIT), 0); /* `alive` is left */
}

static void loop_frees_stacks_a_second_after_a_peak(void **state) {
  const avow_options_t options = { STEADY, .idle_stacks = 2 };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  const avow__fibers_t *fibers = &avow__context_of(loop)->fibers;
  stopped_at = uv_now(loop);
  for (int i = 0; i < 20; i++)
    avow_unref(avow_async(loop, wait_a_while, NULL));
  run();
  avow_promise_t *alive = avow_sleep(loop, 600000);
  iterate();
  assert_int_equal(fibers->spare, 20);

  for (int i = 0; i < 3; i++) {
    stopped_at += 1000;
    iterate();
  }

  assert_int_equal(fibers->spare, 2);
  avow_cancel(alive);
  avow_unref(alive);
}

/* An event wakes an idle loop to free them. */
static void idle_loop_is_woken_to_free_stacks(void **state) {
  const avow_options_t options = { STEADY, .idle_stacks = 2 };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  for (int i = 0; i < 20; i++)
    avow_unref(avow_async(loop, wait_a_while, NULL));
  run();
  avow_promise_t *alive = avow_sleep(loop, 600000);
  iterate();

  assert_in_range(uv_backend_timeout(loop), 0, 1000);

  avow_cancel(alive);
  avow_unref(alive);
}
#endif

#define BACK_CASE(f) \
  cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

SUITE(time_back) {
  const struct CMUnitTest tests[] = {
    BACK_CASE(sleeps_end_after_the_clock_steps_back),
    BACK_CASE(due_sleeps_can_be_canceled_after_a_step_back),
    BACK_CASE(job_times_may_be_negative),
    BACK_CASE(iteration_times_may_be_negative),
#ifndef AVOW_NO_ASYNC
    BACK_CASE(loop_frees_stacks_a_second_after_a_peak),
    BACK_CASE(idle_loop_is_woken_to_free_stacks),
#endif
  };
  return RUN(tests);
}
