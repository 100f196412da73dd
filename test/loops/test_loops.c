/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own. These tests are also for ThreadSanitizer. Only
 * the test's thread may fail a cmocka test; other threads record errors.
 */
#include "over_there.h"

static uv_thread_t home_thread;

static avow_value_t is_on_another_thread(uv_loop_t *own, void *data) {
  const uv_thread_t self = uv_thread_self();
  return avow_int(uv_thread_equal(&self, &home_thread) == 0 && own != loop);
}

static avow_value_t stop_there(uv_loop_t *own, void *data) {
  uv_stop(own);
  return avow_int(1);
}

static void loop_continues_after_uv_stop(void **state) {
  assert_fulfills_int(avow_loops_run(loops, 0, loop, stop_there, NULL), 1);

  assert_fulfills_none(avow_loops_run(loops, 0, loop, sleep_there, NULL));
  end_loops();
}

static avow_value_t fail_there(uv_loop_t *own, void *data) {
  return avow_error_new(UV_EIO, avow_string("cause"), "failed there");
}

static avow_value_t same_number(uv_loop_t *own, void *data) {
  return avow_int(*(const int64_t *) data);
}

static void run_calls_on_another_thread(void **state) {
  for (size_t i = 0; i < LOOPS; i++)
    assert_fulfills_int(avow_loops_run(loops, i, loop, is_on_another_thread,
                                       NULL),
                        1);
  assert_fulfills_int(avow_loops_run(loops, AVOW_LEAST_BUSY, loop,
                                     is_on_another_thread, NULL),
                      1);

  end_loops();
}

static void run_waits_for_a_promise_on_its_loop(void **state) {
  assert_fulfills_none(avow_loops_run(loops, 0, loop, sleep_there, NULL));

  end_loops();
}

static void run_rejects_with_the_error_of_its_function(void **state) {
  const avow_value_t v =
      avow_run(avow_loops_run(loops, 0, loop, fail_there, NULL));

  assert_int_equal(avow_error_code(&v), UV_EIO);
  assert_string_equal(avow_error_message(&v), "failed there");
  assert_string_equal(avow_to_bytes(avow_error_cause(&v), NULL), "cause");
  avow_value_unref(v);
  end_loops();
}

static uv_sem_t may_go_on;

static avow_value_t stay(uv_loop_t *own, void *data) {
  uv_sem_post(&arrived);
  uv_sem_wait(&may_go_on);
  return avow_none();
}

typedef struct {
  char letters[8];
  unsigned n;
} log_t;

static avow_value_t log_a(const avow_value_t *arg, void *data) {
  log_t *log = data;
  log->letters[log->n++] = 'a';
  return avow_none();
}

static avow_value_t log_b(const avow_value_t *arg, void *data) {
  log_t *log = data;
  log->letters[log->n++] = 'b';
  return avow_none();
}

static avow_value_t begin_three(uv_loop_t *own, avow_cb cb, log_t *log) {
  avow_promise_t *p = avow_promise_resolve(own, avow_none());
  for (int i = 0; i < 3; i++)
    p = avow_then(p, cb, NULL, log);
  return avow_follow(p);
}

static avow_value_t run_a(uv_loop_t *own, void *data) {
  return begin_three(own, log_a, data);
}

static avow_value_t run_b(uv_loop_t *own, void *data) {
  return begin_three(own, log_b, data);
}

/* Both requests arrive while the other loop is busy. */
static void simultaneous_runs_are_separate_tasks(void **state) {
  log_t log = { .n = 0 };
  assert_int_equal(uv_sem_init(&may_go_on, 0), 0);
  avow_promise_t *busy = avow_loops_run(loops, 0, loop, stay, NULL);
  uv_sem_wait(&arrived);
  avow_promise_t *a = avow_loops_run(loops, 0, loop, run_a, &log);
  avow_promise_t *b = avow_loops_run(loops, 0, loop, run_b, &log);

  uv_sem_post(&may_go_on);

  assert_fulfills_none(busy);
  assert_fulfills_none(a);
  assert_fulfills_none(b);
  assert_string_equal(log.letters, "aaabbb");
  uv_sem_destroy(&may_go_on);
  end_loops();
}

static void canceled_run_settles_after_its_cleanup(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, hang, NULL);
  uv_sem_wait(&arrived);

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(notes, 1);
  end_loops();
}

static uv_sem_t gate;

static avow_value_t hold(uv_loop_t *own, void *data) {
  uv_sem_wait(&gate);
  return avow_none();
}

static avow_value_t count_there(uv_loop_t *own, void *data) {
  notes++;
  return avow_none();
}

static void canceled_queued_run_is_never_called(void **state) {
  avow_promise_t *first = avow_loops_run(loops, 0, loop, hold, NULL);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, count_there, NULL);

  avow_cancel(p);
  avow_cancel(p); /* has no further effect */
  uv_sem_post(&gate);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(first);
  assert_int_equal(notes, 0);
  end_loops();
}

static void undelivered_run_can_be_canceled(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, count_there, NULL);
  while (notes == 0)
    continue;

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  end_loops();
}

static void least_busy_loop_is_a_free_loop(void **state) {
  avow_promise_t *held[LOOPS - 1];
  for (size_t i = 0; i < LOOPS - 1; i++)
    held[i] = avow_loops_run(loops, AVOW_LEAST_BUSY, loop, hold, NULL);

  assert_fulfills_int(avow_loops_run(loops, AVOW_LEAST_BUSY, loop,
                                     is_on_another_thread, NULL),
                      1);

  for (size_t i = 0; i < LOOPS - 1; i++)
    uv_sem_post(&gate);
  avow_value_unref(avow_run(avow_all(loop, held, LOOPS - 1)));
  end_loops();
}

static void run_refuses_invalid_arguments(void **state) {
  const avow_value_t v =
      avow_run(avow_loops_run(loops, LOOPS, loop, count_there, NULL));
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "loops run: invalid argument");
  avow_value_unref(v);

  assert_rejects(avow_loops_run(loops, 0, loop, NULL, NULL), UV_EINVAL);
  assert_int_equal(avow_loops_count(loops), LOOPS);
  end_loops();
}

static void closing_cancels_running_functions(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, hang, NULL);
  uv_sem_wait(&arrived);

  end_loops();

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(notes, 1);
}

static avow_value_t signal_and_hold(uv_loop_t *own, void *data) {
  uv_sem_post(&arrived);
  return hold(own, data);
}

static void closing_starts_no_queued_function(void **state) {
  avow_promise_t *first = avow_loops_run(loops, 0, loop, signal_and_hold, NULL);
  uv_sem_wait(&arrived);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, count_there, NULL);

  avow_promise_t *closed = avow_loops_close(loops, loop);
  avow_cancel(closed); /* has no effect */
  uv_sem_post(&gate);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(first);
  assert_int_equal(notes, 0);
  assert_rejects(closed, UV_ECANCELED);
}

static avow_value_t close_all_late(uv_loop_t *own, void *data) {
  uv_sem_post(&arrived);
  uv_sem_wait(&gate);
  uv_walk(own, close_handle, NULL);
  return avow_int(1);
}

/* The loop has its request to end by then, but has not read it. */
static void closing_ends_a_loop_whose_handles_were_closed(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, close_all_late, NULL);
  uv_sem_wait(&arrived);

  avow_promise_t *closed = avow_loops_close(loops, loop);
  uv_sem_post(&gate);

  assert_fulfills_int(p, 1);
  assert_fulfills_none(closed);
}

static void run_on_a_loop_without_handles_is_canceled(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, close_all_late, NULL);
  uv_sem_wait(&arrived);

  avow_promise_t *q = avow_loops_run(loops, 0, loop, count_there, NULL);
  uv_sem_post(&gate);

  assert_fulfills_int(p, 1);
  assert_rejects(q, UV_ECANCELED);
  assert_int_equal(notes, 0);
  end_loops();
}

static uv_idle_t left_open;

static void spin(uv_idle_t *idle) {
}

static avow_value_t leave_open(uv_loop_t *own, void *data) {
  (void) uv_idle_init(own, &left_open); /* these cannot fail */
  (void) uv_idle_start(&left_open, spin);
  return avow_none();
}

static avow_value_t run_late(uv_loop_t *own, void *data) {
  uv_sem_post(&arrived);
  uv_sem_wait(&gate);
  return avow_follow(avow_loops_run(loops, 1, own, count_there, NULL));
}

static void closing_loops_start_no_functions_of_each_other(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, run_late, NULL);
  uv_sem_wait(&arrived);

  avow_promise_t *closed = avow_loops_close(loops, loop);
  uv_sem_post(&gate);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(closed);
  assert_int_equal(notes, 0);
}

static void closing_closes_handles_left_open(void **state) {
  assert_fulfills_none(avow_loops_run(loops, 0, loop, leave_open, NULL));

  end_loops();
}

static avow_value_t run_there(uv_loop_t *own, void *data) {
  static int64_t number = 5;
  return avow_follow(avow_loops_run(loops, 1, own, same_number, &number));
}

static void loops_run_functions_on_each_other(void **state) {
  assert_fulfills_int(avow_loops_run(loops, 0, loop, run_there, NULL), 5);

  end_loops();
}

static void home_loop_close_waits_for_the_results(void **state) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, hang, NULL);
  uv_sem_wait(&arrived);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(notes, 1);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);

  end_loops();
}

static void home_loop_close_joins_the_threads(void **state) {
  avow_promise_t *p = avow_loops_close(loops, loop);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_not_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void one_loop_for_each_core_is_the_default(void **state) {
  avow_loops_t *some = avow_loops_new(0);

  assert_int_equal(avow_loops_count(some), uv_available_parallelism());

  assert_fulfills_none(avow_loops_close(some, loop));
  end_loops();
}

static void loops_at_freed_addresses_are_usable(void **state) {
  end_loops();

  for (int i = 0; i < 50; i++) {
    avow_loops_t *next = avow_loops_new(1);
    assert_int_equal(avow_loops_count(next), 1);
    assert_fulfills_none(avow_loops_close(next, loop));
  }
}

SUITE(loops) {
  home_thread = uv_thread_self();
  (void) uv_sem_init(&arrived, 0);
  (void) uv_sem_init(&gate, 0);
  const struct CMUnitTest tests[] = {
    LOOPS_CASE(run_calls_on_another_thread),
    LOOPS_CASE(loop_continues_after_uv_stop),
    LOOPS_CASE(run_waits_for_a_promise_on_its_loop),
    LOOPS_CASE(simultaneous_runs_are_separate_tasks),
    LOOPS_CASE(run_rejects_with_the_error_of_its_function),
    LOOPS_CASE(canceled_run_settles_after_its_cleanup),
    LOOPS_CASE(canceled_queued_run_is_never_called),
    LOOPS_CASE(undelivered_run_can_be_canceled),
    LOOPS_CASE(least_busy_loop_is_a_free_loop),
    LOOPS_CASE(run_refuses_invalid_arguments),
    LOOPS_CASE(closing_cancels_running_functions),
    LOOPS_CASE(closing_starts_no_queued_function),
    LOOPS_CASE(closing_loops_start_no_functions_of_each_other),
    LOOPS_CASE(closing_closes_handles_left_open),
    LOOPS_CASE(loops_run_functions_on_each_other),
    LOOPS_CASE(home_loop_close_waits_for_the_results),
    LOOPS_CASE(home_loop_close_joins_the_threads),
    LOOPS_CASE(one_loop_for_each_core_is_the_default),
    LOOPS_CASE(closing_ends_a_loop_whose_handles_were_closed),
    LOOPS_CASE(run_on_a_loop_without_handles_is_canceled),
    LOOPS_CASE(loops_at_freed_addresses_are_usable),
  };
  return RUN(tests);
}
