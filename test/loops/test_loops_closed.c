/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own that close unexpectedly: on one of their
 * threads, twice, or because all handles of a loop are closed. A job closes the
 * handles of its own loop, including avow's, or those of the home loop.
 */
#include <pthread.h>

#include "harness.h"

static uv_sem_t exited;

static void say_exited(void *key) {
  uv_sem_post(&exited);
}

static avow_value_t close_all(uv_loop_t *own, void *data) {
  if (data != NULL)
    (void) pthread_setspecific(*(pthread_key_t *) data, data); /* or it waits */
  uv_walk(own, close_handle, NULL);
  return avow_int(1);
}

static avow_value_t sleep_long(uv_loop_t *own, void *data) {
  return avow_follow(avow_sleep(own, 60000));
}

static avow_value_t sleep_shortly(uv_loop_t *own, void *data) {
  return avow_follow(avow_sleep(own, 1));
}

/* The timing decides whether the second function has begun when the first
   closes all handles. */
static void close_handles_of_the_first(const avow_loops_t *loops,
                                       pthread_key_t *key) {
  avow_promise_t *p = avow_loops_run(loops, 0, loop, close_all, key);
  avow_promise_t *q = avow_loops_run(loops, 0, loop, sleep_long, NULL);
  assert_fulfills_int(p, 1);
  assert_rejects(q, UV_ECANCELED);
}

static void loop_without_handles_refuses_runs(void **state) {
  avow_loops_t *loops = avow_loops_new(2);
  close_handles_of_the_first(loops, NULL);

  assert_rejects(avow_loops_run(loops, 0, loop, sleep_shortly, NULL),
                 UV_ECANCELED);
  assert_fulfills_none(avow_loops_run(loops, 1, loop, sleep_shortly, NULL));

  assert_fulfills_none(avow_loops_close(loops, loop));
}

static void closing_does_not_wait_for_an_ended_thread(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  assert_int_equal(uv_sem_init(&exited, 0), 0);
  pthread_key_t at_exit;
  assert_int_equal(pthread_key_create(&at_exit, say_exited), 0);
  close_handles_of_the_first(loops, &at_exit);
  uv_sem_wait(&exited);

  assert_fulfills_none(avow_loops_close(loops, loop));

  assert_int_equal(pthread_key_delete(at_exit), 0);
  uv_sem_destroy(&exited);
}

static void result_of_an_ended_thread_can_be_canceled(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  assert_int_equal(uv_sem_init(&exited, 0), 0);
  pthread_key_t at_exit;
  assert_int_equal(pthread_key_create(&at_exit, say_exited), 0);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, close_all, &at_exit);
  uv_sem_wait(&exited);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(avow_loops_close(loops, loop));
  assert_int_equal(pthread_key_delete(at_exit), 0);
  uv_sem_destroy(&exited);
}

/* The home loop's handles are closed, so that results cannot reach it. */

static avow_value_t take_time(uv_loop_t *own, void *data) {
  uv_sem_t *begun = data;
  uv_sem_post(begun);
  uv_sleep(50); /* probably until the home loop waits for it */
  return avow_none();
}

static void home_loop_close_waits_for_canceled_runs(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, sleep_long, NULL);
  uv_walk(loop, close_handle, NULL);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static void home_loop_close_waits_for_running_functions(void **state) {
  uv_sem_t begun;
  assert_int_equal(uv_sem_init(&begun, 0), 0);
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, take_time, &begun);
  uv_sem_wait(&begun);
  uv_walk(loop, close_handle, NULL);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(avow_loops_close(loops, loop));
  uv_sem_destroy(&begun);
}

static avow_value_t close_ours(uv_loop_t *own, void *data) {
  return avow_follow(avow_loops_close(data, own));
}

static void loops_refuse_a_close_on_their_own_threads(void **state) {
  avow_loops_t *loops = avow_loops_new(2);
  avow_promise_t *p = avow_loops_run(loops, 1, loop, sleep_shortly, NULL);

  const avow_value_t v =
      avow_run(avow_loops_run(loops, 0, loop, close_ours, loops));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v),
                      "loops close: called on a thread of these loops");
  avow_value_unref(v);
  assert_fulfills_none(p);
  assert_fulfills_none(avow_loops_run(loops, 0, loop, sleep_shortly, NULL));
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static void close_twice(void) {
  avow_loops_t *loops = avow_loops_new(2);
  avow_promise_t *p = avow_loops_close(loops, loop);

  assert_rejects(avow_loops_close(loops, loop), AVOW_EMISUSE);
  assert_fulfills_none(p);
}

static void second_close_of_loops_is_misuse(void **state) {
  assert_misuse(close_twice, "avow_loops_close(): loops are closed already");
}

static void run_on_null(void) {
  assert_rejects(avow_loops_run(NULL, 0, loop, sleep_shortly, NULL),
                 AVOW_EMISUSE);
}

static void null_is_misuse(void **state) {
  assert_misuse(run_on_null, "set of loops is NULL");
  assert_fulfills_none(avow_loops_close(NULL, loop));
}

SUITE(loops_closed) {
  const struct CMUnitTest tests[] = {
    CASE(loop_without_handles_refuses_runs),
    CASE(closing_does_not_wait_for_an_ended_thread),
    CASE(result_of_an_ended_thread_can_be_canceled),
    CASE(home_loop_close_waits_for_canceled_runs),
    CASE(home_loop_close_waits_for_running_functions),
    CASE(loops_refuse_a_close_on_their_own_threads),
    CASE(second_close_of_loops_is_misuse),
    CASE(null_is_misuse),
  };
  return RUN(tests);
}
