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
  assert_fulfils_int(p, 1);
  assert_rejects(q, UV_ECANCELED);
}

static void loop_without_handles_takes_no_more(void **state) {
  avow_loops_t *loops = avow_loops_new(2);
  close_handles_of_the_first(loops, NULL);

  assert_rejects(avow_loops_run(loops, 0, loop, sleep_shortly, NULL),
                 UV_ECANCELED);
  assert_fulfils_none(avow_loops_run(loops, 1, loop, sleep_shortly, NULL));

  assert_fulfils_none(avow_loops_close(loops, loop));
}

static void closing_waits_for_no_thread_that_is_over(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  assert_int_equal(uv_sem_init(&exited, 0), 0);
  pthread_key_t at_exit;
  assert_int_equal(pthread_key_create(&at_exit, say_exited), 0);
  close_handles_of_the_first(loops, &at_exit);
  uv_sem_wait(&exited);

  assert_fulfils_none(avow_loops_close(loops, loop));

  assert_int_equal(pthread_key_delete(at_exit), 0);
  uv_sem_destroy(&exited);
}

static void answer_of_a_thread_that_is_over_can_be_cancelled(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  assert_int_equal(uv_sem_init(&exited, 0), 0);
  pthread_key_t at_exit;
  assert_int_equal(pthread_key_create(&at_exit, say_exited), 0);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, close_all, &at_exit);
  uv_sem_wait(&exited);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfils_none(avow_loops_close(loops, loop));
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

static void home_waits_for_what_is_cancelled(void **state) {
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, sleep_long, NULL);
  uv_walk(loop, close_handle, NULL);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
  assert_fulfils_none(avow_loops_close(loops, loop));
}

static void home_waits_for_what_has_begun(void **state) {
  uv_sem_t begun;
  assert_int_equal(uv_sem_init(&begun, 0), 0);
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p = avow_loops_run(loops, 0, loop, take_time, &begun);
  uv_sem_wait(&begun);
  uv_walk(loop, close_handle, NULL);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
  assert_fulfils_none(avow_loops_close(loops, loop));
  uv_sem_destroy(&begun);
}

static avow_value_t close_ours(uv_loop_t *own, void *data) {
  return avow_follow(avow_loops_close(data, own));
}

static void loops_are_not_closed_by_one_of_them(void **state) {
  avow_loops_t *loops = avow_loops_new(2);
  avow_promise_t *p = avow_loops_run(loops, 1, loop, sleep_shortly, NULL);

  const avow_value_t v =
      avow_run(avow_loops_run(loops, 0, loop, close_ours, loops));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v),
                      "loops close: called on a thread of these loops");
  avow_value_unref(v);
  assert_fulfils_none(p);
  assert_fulfils_none(avow_loops_run(loops, 0, loop, sleep_shortly, NULL));
  assert_fulfils_none(avow_loops_close(loops, loop));
}

static void close_twice(void) {
  avow_loops_t *loops = avow_loops_new(2);
  avow_promise_t *p = avow_loops_close(loops, loop);

  assert_rejects(avow_loops_close(loops, loop), AVOW_EMISUSE);
  assert_fulfils_none(p);
}

static void loops_close_once(void **state) {
  assert_misuse(close_twice, "avow_loops_close(): loops are closed already");
}

static void run_on_null(void) {
  assert_rejects(avow_loops_run(NULL, 0, loop, sleep_shortly, NULL),
                 AVOW_EMISUSE);
}

static void null_is_misuse(void **state) {
  assert_misuse(run_on_null, "set of loops is NULL");
  assert_fulfils_none(avow_loops_close(NULL, loop));
}

SUITE(loops_closed) {
  const struct CMUnitTest tests[] = {
    CASE(loop_without_handles_takes_no_more),
    CASE(closing_waits_for_no_thread_that_is_over),
    CASE(answer_of_a_thread_that_is_over_can_be_cancelled),
    CASE(home_waits_for_what_is_cancelled),
    CASE(home_waits_for_what_has_begun),
    CASE(loops_are_not_closed_by_one_of_them),
    CASE(loops_close_once),
    CASE(null_is_misuse),
  };
  return RUN(tests);
}
