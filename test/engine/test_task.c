/* SPDX-License-Identifier: MIT */
/* Tasks: the loop delivers them one by one, each with the jobs that it
   queues. */
#include "harness.h"

/* Attaches three handlers in a row. */
static void note_three(avow_promise_t *p, char *a, char *b, char *c) {
  p = avow_then(avow_then(p, note_cb, NULL, a), note_cb, NULL, b);
  avow_unref(avow_then(p, note_cb, NULL, c));
}

static void note_six(avow_promise_t *a, avow_promise_t *b) {
  note_three(a, "a1", "a2", "a3");
  note_three(b, "b1", "b2", "b3");
}

/* Calls `fn` in a callback, so that all that it makes counts from one time. */
static void in_a_callback(avow_cb fn, void *data) {
  assert_fulfills_none(avow_then(avow_next_iteration(loop), fn, NULL, data));
}

/* Equal tasks. */

static void equal_sleeps_run_one_by_one(void **state) {
  avow_promise_t *a = avow_sleep(loop, 1);
  note_six(a, avow_sleep(loop, 1));

  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static avow_value_t sleep_3_and_1(const avow_value_t *arg, void *data) {
  avow_promise_t *b = avow_sleep(loop, 3);
  avow_promise_t *a = avow_sleep(loop, 1);
  note_six(a, b);
  return avow_none();
}

static void late_sleeps_run_one_by_one(void **state) {
  in_a_callback(sleep_3_and_1, NULL);

  stall(5);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void remotes_run_one_by_one(void **state) {
  avow_remote_t *r, *s;
  avow_promise_t *a = avow_remote_new(loop, &r);
  note_six(a, avow_remote_new(loop, &s));

  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_int_equal(avow_remote_resolve(s, avow_none()), 0);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void next_iterations_run_one_by_one(void **state) {
  avow_promise_t *a = avow_next_iteration(loop);
  note_six(a, avow_next_iteration(loop));

  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void waits_for_the_poll_run_one_by_one(void **state) {
  avow_promise_t *a = avow_before_poll(loop);
  note_six(a, avow_before_poll(loop));
  run();
  assert_notes("a1 a2 a3 b1 b2 b3");

  a = avow_after_poll(loop);
  note_six(a, avow_after_poll(loop));
  run();
  assert_notes("a1 a2 a3 b1 b2 b3");
}

/* A chain that started earlier continues in the task that ends its wait. */
static avow_value_t follow_settled(const avow_value_t *arg, void *data) {
  return avow_follow(avow_promise_resolve(loop, avow_none()));
}

static void followed_promises_belong_to_the_same_task(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = avow_then(avow_sleep(loop, 1), note_cb, NULL, "begun");
    p = avow_then(p, follow_settled, NULL, NULL);
    avow_unref(avow_then(p, note_cb, NULL, "over"));
  }

  run();

  assert_notes("begun over begun over");
}

/* Callbacks of the program, which avow does not see as tasks. */

static void settle(uv_timer_t *timer) {
  assert_true(avow_resolve(timer->data, avow_none()));
  uv_close((uv_handle_t *) timer, NULL);
}

static avow_promise_t *when_raw(uv_timer_t *timer) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(uv_timer_init(loop, timer), 0);
  timer->data = d;
  assert_int_equal(uv_timer_start(timer, settle, 1, 0), 0);
  return p;
}

static void jobs_of_two_raw_timers_run_after_both(void **state) {
  uv_timer_t a, b;
  avow_promise_t *p = when_raw(&a);
  note_six(p, when_raw(&b));

  stall(2);
  run();

  assert_notes("a1 b1 a2 b2 a3 b3");
}

static void jobs_of_a_raw_timer_run_before_a_later_sleep(void **state) {
  uv_timer_t a;
  avow_promise_t *p = when_raw(&a);
  note_six(p, avow_sleep(loop, 2));

  stall(4);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

/* Canceling what is due. */

static avow_value_t cancel_there(const avow_value_t *arg, void *data) {
  avow_promise_t **p = data;
  avow_cancel(*p);
  return avow_none();
}

/* a and b are due together. The handler of a cancels b. */
static void assert_stops(avow_promise_t *a, avow_promise_t *b) {
  avow_unref(avow_then(a, cancel_there, NULL, &b));
  b = avow_then(b, note_cb, NULL, "ran");

  run();

  assert_rejects(b, UV_ECANCELED);
  assert_notes("");
}

static void due_sleep_can_be_canceled(void **state) {
  avow_promise_t *a = avow_sleep(loop, 1);

  assert_stops(a, avow_sleep(loop, 1));
}

static void due_remote_can_be_canceled(void **state) {
  avow_remote_t *r, *s;
  avow_promise_t *a = avow_remote_new(loop, &r);
  avow_promise_t *b = avow_remote_new(loop, &s);
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_int_equal(avow_remote_resolve(s, avow_none()), 0);

  assert_stops(a, b);
}

static void due_next_iteration_can_be_canceled(void **state) {
  avow_promise_t *a = avow_next_iteration(loop);

  assert_stops(a, avow_next_iteration(loop));
}

static avow_value_t sleep_and_cancel(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_sleep(loop, 0);
  avow_cancel(p);
  avow_unref(p);
  return avow_none();
}

/* The new sleep is due no later than the others, but another pass delivers
   it. */
static void sleep_started_in_a_task_can_be_canceled(void **state) {
  avow_promise_t *p = avow_sleep(loop, 1);
  avow_unref(avow_then(p, sleep_and_cancel, NULL, NULL));
  run();

  note_three(avow_sleep(loop, 1), "a1", "a2", "a3");
  run();

  assert_notes("a1 a2 a3");
}

/* Time limits. */

static void finished_work_never_times_out(void **state) {
  enum { N = 200 };
  avow_promise_t *ps[N];
  for (int i = 0; i < N; i++) {
    avow_promise_t *p =
        avow_then(avow_sleep(loop, 1), follow_settled, NULL, NULL);
    p = avow_then(p, follow_settled, NULL, NULL);
    ps[i] = avow_timeout(p, 2);
  }

  stall(5);

  for (int i = 0; i < N; i++)
    assert_fulfills_none(ps[i]);
}

/* The remote settles before the limit is due, but libuv calls the timer
   first. */
static void resolved_remote_never_times_out(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_timeout(avow_remote_new(loop, &r), 1);
  assert_int_equal(avow_remote_resolve(r, avow_int(1)), 0);

  stall(3);

  assert_fulfills_int(p, 1);
}

static void due_timeout_can_be_canceled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *a = avow_sleep(loop, 1);

  assert_stops(a, avow_timeout(avow_promise_new(loop, &d), 1));
  avow_deferred_drop(d);
}

SUITE(task) {
  const struct CMUnitTest tests[] = {
    CASE(equal_sleeps_run_one_by_one),
    CASE(late_sleeps_run_one_by_one),
    CASE(remotes_run_one_by_one),
    CASE(next_iterations_run_one_by_one),
    CASE(waits_for_the_poll_run_one_by_one),
    CASE(followed_promises_belong_to_the_same_task),
    CASE(jobs_of_two_raw_timers_run_after_both),
    CASE(jobs_of_a_raw_timer_run_before_a_later_sleep),
    CASE(due_sleep_can_be_canceled),
    CASE(due_remote_can_be_canceled),
    CASE(due_next_iteration_can_be_canceled),
    CASE(sleep_started_in_a_task_can_be_canceled),
    CASE(finished_work_never_times_out),
    CASE(resolved_remote_never_times_out),
    CASE(due_timeout_can_be_canceled),
  };
  return RUN(tests);
}
