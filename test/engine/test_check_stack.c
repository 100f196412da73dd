/* SPDX-License-Identifier: MIT */
/* Handlers whose data is a local variable, which checked builds report if the
   variable does not last. */
#include "avow/stackless.h"
#include "harness.h"

static avow_value_t read_cb(const avow_value_t *arg, void *data) {
  return avow_int(*(int *) data);
}

#ifndef NDEBUG

static avow_value_t read_fn(void *data) {
  return avow_int(*(int *) data);
}

/* Calls that the compiler inlines would leave the variable in the caller. */
static __attribute__((noinline)) avow_promise_t *read_a_local(void) {
  int local = 42;
  return avow_then(avow_sleep(loop, 0), read_cb, NULL, &local);
}

static void read_after_the_return(void) {
  avow_ignore(avow_run(read_a_local()));
}

static __attribute__((noinline)) avow_promise_t *read_a_local_at_the_end(void) {
  int local = 42;
  return avow_finally(avow_sleep(loop, 0), read_fn, &local);
}

static void finally_after_the_return(void) {
  avow_ignore(avow_run(read_a_local_at_the_end()));
}

static __attribute__((noinline)) avow_promise_t *read_a_local_in_work(void) {
  int local = 42;
  return avow_work(loop, read_fn, &local, NULL);
}

static void work_after_the_return(void) {
  avow_ignore(avow_run(read_a_local_in_work()));
}

static avow_value_t sleep_step(const avow_value_t *got, void *frame) {
  avow_frame_t *me = frame;
  AVOW_BEGIN(me);
  AVOW_AWAIT(me, avow_sleep(loop, 0));
  AVOW_END;
}

static __attribute__((noinline)) avow_promise_t *wait_in_a_local_frame(void) {
  avow_frame_t frame;
  return avow_stackless(loop, sleep_step, &frame);
}

static void step_after_the_return(void) {
  avow_promise_t *p = wait_in_a_local_frame();
  avow_ignore(avow_run(p));
}

static __attribute__((noinline)) avow_promise_t *read_a_local_in_turn(void) {
  int local = 42;
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_promise_t *p = avow_limiter_run(limiter, read_fn, &local);
  avow_limiter_unref(limiter);
  return p;
}

static void limited_after_the_return(void) {
  avow_ignore(avow_run(read_a_local_in_turn()));
}

static void local_of_a_function_that_returned_is_reported(void **state) {
  assert_misuse(read_after_the_return,
                "data of a handler (then) was a local variable of a function "
                "that has returned");
  assert_misuse(finally_after_the_return, "data of a handler (finally) was");
  assert_misuse(work_after_the_return, "data of a handler (work) was");
  assert_misuse(step_after_the_return, "data of a handler (stackless) was");
  assert_misuse(limited_after_the_return, "data of a handler (limiter) was");
}

static avow_value_t then_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_then(avow_sleep(loop, 0), read_cb, NULL, &local));
}

static avow_value_t catch_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_catch(avow_sleep(loop, 0), read_cb, &local));
}

static avow_value_t finally_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_finally(avow_sleep(loop, 0), read_fn, &local));
}

static avow_value_t work_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_work(loop, read_fn, &local, NULL));
}

static avow_value_t detached_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_work_detached(loop, read_fn, &local, NULL));
}

static avow_value_t number_fn(size_t i, void *data) {
  return avow_int(*(int *) data);
}

static avow_value_t map_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_map(loop, 2, number_fn, &local, NULL));
}

static avow_value_t retry_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_retry(loop, read_fn, &local, NULL));
}

static avow_value_t repeat_cb(const avow_value_t *arg, void *data) {
  int local = 42;
  return avow_follow(avow_repeat(loop, read_fn, &local));
}

static avow_value_t limiter_cb(const avow_value_t *arg, void *limiter) {
  int local = 42;
  return avow_follow(avow_limiter_run(limiter, read_fn, &local));
}

static void limiter_in_a_handler(void) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_ignore(
      avow_run(avow_then(avow_sleep(loop, 0), limiter_cb, NULL, limiter)));
}

static void run_handler(avow_cb cb) {
  avow_ignore(avow_run(avow_then(avow_sleep(loop, 0), cb, NULL, NULL)));
}

static void then_in_a_handler(void) {
  run_handler(then_cb);
}

static void catch_in_a_handler(void) {
  run_handler(catch_cb);
}

static void finally_in_a_handler(void) {
  run_handler(finally_cb);
}

static void work_in_a_handler(void) {
  run_handler(work_cb);
}

static void detached_work_in_a_handler(void) {
  run_handler(detached_cb);
}

static void map_in_a_handler(void) {
  run_handler(map_cb);
}

static void retry_in_a_handler(void) {
  run_handler(retry_cb);
}

static void repeat_in_a_handler(void) {
  run_handler(repeat_cb);
}

static void local_of_the_running_handler_is_reported_at_once(void **state) {
  assert_misuse(then_in_a_handler,
                "avow_then(): data is a local variable, which ends before the "
                "handler runs");
  assert_misuse(catch_in_a_handler, "avow_catch(): data is a local variable");
  assert_misuse(finally_in_a_handler,
                "avow_finally(): data is a local variable");
  assert_misuse(work_in_a_handler, "avow_work(): data is a local variable");
  assert_misuse(detached_work_in_a_handler,
                "avow_work_detached(): data is a local variable");
  assert_misuse(map_in_a_handler, "avow_map(): data is a local variable");
  assert_misuse(retry_in_a_handler, "avow_retry(): data is a local variable");
  assert_misuse(repeat_in_a_handler, "avow_repeat(): data is a local variable");
  assert_misuse(limiter_in_a_handler,
                "avow_limiter_run(): data is a local variable");
}

#endif

/* The variables of the function that runs the loop last as long as the loop
   runs. */
static void local_of_the_caller_of_run_is_no_misuse(void **state) {
  int local = 42;

  assert_fulfills_int(avow_then(avow_sleep(loop, 0), read_cb, NULL, &local),
                      42);
}

static void local_of_the_caller_of_uv_run_is_no_misuse(void **state) {
  int local = 42;
  avow_promise_t *p = avow_then(avow_sleep(loop, 0), read_cb, NULL, &local);

  run();

  assert_fulfills_int(p, 42);
}

/* An avow_run() in a callback of libuv, inside another one. */
static void run_inside(uv_timer_t *timer) {
  int local = 42;
  avow_promise_t *p = avow_then(avow_sleep(loop, 0), read_cb, NULL, &local);
  assert_fulfills_int(p, 42);
  uv_close((uv_handle_t *) timer, NULL);
}

static void local_of_a_callback_that_runs_the_loop_is_no_misuse(void **state) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, run_inside, 0, 0), 0);

  assert_fulfills_none(avow_sleep(loop, 5));
}

#ifndef AVOW_NO_ASYNC
static avow_value_t await_with_a_local(void *data) {
  int local = 42;
  return avow_await(avow_then(avow_sleep(loop, 0), read_cb, NULL, &local));
}

static void local_of_an_async_function_is_no_misuse(void **state) {
  assert_fulfills_int(avow_async(loop, await_with_a_local, NULL), 42);
}

static avow_value_t start_async_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_async(loop, await_with_a_local, NULL));
}

static void async_function_that_a_handler_started_may_use_locals(void **state) {
  assert_fulfills_int(avow_then(avow_sleep(loop, 0), start_async_cb, NULL,
                                NULL),
                      42);
}
#endif

static int of_the_program = 42;

static avow_value_t use_a_static_cb(const avow_value_t *arg, void *data) {
  return avow_follow(
      avow_then(avow_sleep(loop, 0), read_cb, NULL, &of_the_program));
}

static void static_variable_is_no_misuse(void **state) {
  assert_fulfills_int(avow_then(avow_sleep(loop, 0), use_a_static_cb, NULL,
                                NULL),
                      42);
}

SUITE(check_stack) {
  const struct CMUnitTest tests[] = {
#ifndef NDEBUG
    CASE(local_of_a_function_that_returned_is_reported),
    CASE(local_of_the_running_handler_is_reported_at_once),
#endif
    CASE(local_of_the_caller_of_run_is_no_misuse),
    CASE(local_of_the_caller_of_uv_run_is_no_misuse),
    CASE(local_of_a_callback_that_runs_the_loop_is_no_misuse),
#ifndef AVOW_NO_ASYNC
    CASE(local_of_an_async_function_is_no_misuse),
    CASE(async_function_that_a_handler_started_may_use_locals),
#endif
    CASE(static_variable_is_no_misuse),
  };
  return RUN(tests);
}
