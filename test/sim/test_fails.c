/* SPDX-License-Identifier: MIT */
/* Causes of failed runs, and their messages. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "runs.h"
#include "suite.h"
#include "watched.h"

enum { HOUR = 60 * 60 * 1000 };

static uv_timer_t timer;

static avow_promise_t *rejecter(uv_loop_t *loop, void *data) {
  return avow_promise_reject(loop, avow_error(UV_EPIPE));
}

static void rejected_program_fails(void **state) {
  assert_fails(rejecter, "the program's promise rejected: broken pipe");
}

static avow_promise_t *deserter(uv_loop_t *loop, void *data) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  *(avow_deferred_t **) data = d;
  return p;
}

static avow_deferred_t *held[2];
static int n_held;

static avow_promise_t *waiter(uv_loop_t *loop, void *data) {
  return deserter(loop, &held[n_held++]);
}

static avow_value_t put_down(void *data) {
  avow_deferred_drop(*(avow_deferred_t **) data);
  return avow_none();
}

static avow_promise_t *waits_for_nothing(uv_loop_t *loop, void *data) {
  static avow_deferred_t *d;
  return avow_finally(deserter(loop, &d), put_down, &d);
}

static void program_that_waits_without_events_fails(void **state) {
  assert_fails(waits_for_nothing,
               "no event is left, but the program's promise");
}

static void program_that_holds_a_deferred_fails(void **state) {
  assert_fails(waiter, "no event is left, but the program's promise");

  while (n_held > 0)
    avow_deferred_drop(held[--n_held]);
}

static avow_remote_t *kept[2];
static int n_kept;

static avow_promise_t *waits_for_an_async(uv_loop_t *loop, void *data) {
  return avow_remote_new(loop, &kept[n_kept++]);
}

static void loop_that_stays_alive_without_events_fails(void **state) {
  assert_fails(waits_for_an_async, "no event is left, but the loop is alive");

  while (n_kept > 0)
    avow_remote_drop(kept[--n_kept]);
}

static avow_promise_t *claims(uv_loop_t *loop, void *data) {
  avow_sim_check(true, "one is %d", 1);
  avow_sim_check(false, "two is %d", 3);
  avow_sim_check(false, "three is %d", 4);
  return avow_sleep(loop, HOUR);
}

static void failed_check_fails_a_run(void **state) {
  assert_fails(claims, "two is 3");
}

static avow_promise_t *says_nothing(uv_loop_t *loop, void *data) {
  const char *text = data;
  avow_sim_check(false, "%s", text);
  return avow_sleep(loop, HOUR);
}

static void check_without_a_message_fails_a_run(void **state) {
  static char nothing[] = "";
  const avow_sim_result_t result = avow_sim(0, says_nothing, nothing, NULL);
  assert_true(result.failed);
  assert_string_equal(result.why, "a check failed");
}

static avow_promise_t *leaver(uv_loop_t *loop, void *data) {
  (void) uv_timer_init(loop, &timer);
  return avow_promise_resolve(loop, avow_none());
}

static void open_handle_fails_a_run(void **state) {
  assert_fails(leaver, "a handle was left open: timer");
}

static avow_value_t left[2];
static int n_left;

static avow_promise_t *leaker(uv_loop_t *loop, void *data) {
  left[n_left++] = avow_string("long enough for a block of its own");
  return avow_promise_resolve(loop, avow_none());
}

static void leaked_value_fails_a_run(void **state) {
  assert_fails(leaker, "1 blocks of memory were not freed");

  while (n_left > 0)
    avow_value_unref(left[--n_left]);
}

static void *foreign;

/* A block that was allocated outside the run does not count, although the run
   frees it. */
static avow_promise_t *frees_the_foreign(uv_loop_t *loop, void *data) {
  avow_sim_free(foreign);
  return avow_promise_resolve(loop, avow_none());
}

static void *forgotten;

static avow_promise_t *leaks_beside_the_foreign(uv_loop_t *loop, void *data) {
  forgotten = avow_sim_malloc(10);
  avow_sim_free(foreign);
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *leaks_what_cannot_grow(uv_loop_t *loop, void *data) {
  forgotten = avow_sim_malloc(10);
  void *again = avow_sim_realloc(forgotten, SIZE_MAX / 2);
  avow_sim_check(again == NULL, "no machine has this amount of memory");
  return avow_promise_resolve(loop, avow_none());
}

/* Sanitizers abort a program that requests this amount of memory. */
static void block_stays_known_after_a_failed_realloc(void **state) {
  if (WATCHED)
    skip();
  assert_fails(leaks_what_cannot_grow, "1 blocks of memory were not freed");
  free(forgotten);
}

static void freed_foreign_block_does_not_hide_a_leak(void **state) {
  foreign = malloc(10);
  (void) assert_passes(1, frees_the_foreign, NULL);
  foreign = malloc(10);

  assert_non_null(strstr(run_once(1, leaks_beside_the_foreign, NULL).why,
                         "1 blocks of memory were not freed"));

  avow_sim_free(forgotten);
}

enum { MANY = 1000, KEPT = 700 };

/* Frees the blocks in another order, so that it visits each place of the
   table. */
static avow_promise_t *frees_all_but_one(uv_loop_t *loop, void *data) {
  void *all[MANY];
  for (int i = 0; i < MANY; i++)
    all[i] = avow_sim_realloc(avow_sim_malloc(1), 1 + (size_t) i);
  for (int i = 0; i < MANY; i++)
    if (i * 7 % MANY != KEPT)
      avow_sim_free(all[i * 7 % MANY]);
  forgotten = all[KEPT];
  return avow_sleep(loop, 1);
}

static void oldest_leaked_block_is_named(void **state) {
  const avow_sim_result_t result = run_once(1, frees_all_but_one, NULL);
  avow_sim_free(forgotten);
  int n = 0;
  const char *at = strstr(result.why, "the oldest is allocation ");
  assert_non_null(at);

  assert_int_equal(sscanf(at, "the oldest is allocation %d, at 0.", &n), 1);
  assert_in_range(n, 2 * KEPT + 2, 2 * KEPT + 200); /* some are avow's */
}

static avow_value_t misuse(const avow_value_t *arg, void *data) {
  uv_loop_t *loop = data;
  return avow_run(avow_sleep(loop, 1));
}

static avow_promise_t *misuser(uv_loop_t *loop, void *data) {
  return avow_then(avow_sleep(loop, 1), misuse, NULL, loop);
}

static void misuse_fails_a_run(void **state) {
  assert_fails(misuser, "avow_run(): called inside a callback");
}

static avow_value_t forget(const avow_value_t *arg, void *data) {
  avow_unref(avow_promise_reject(data, avow_error(UV_EPIPE)));
  return avow_none();
}

static avow_promise_t *forgetful(uv_loop_t *loop, void *data) {
  return avow_then(avow_sleep(loop, 1), forget, NULL, loop);
}

static void unhandled_rejection_fails_a_run(void **state) {
  assert_fails(forgetful, "a rejection without a handler: broken pipe");
}

static avow_promise_t *opens_udp(uv_loop_t *loop, void *data) {
  static uv_udp_t udp;
  assert_int_equal(uv_udp_init(loop, &udp), UV_ENOTSUP);
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *asks_for_a_descriptor(uv_loop_t *loop, void *data) {
  static uv_tcp_t tcp;
  uv_os_fd_t fd;
  assert_int_equal(uv_tcp_init_ex(loop, &tcp, AF_INET), 0);
  assert_int_equal(uv_fileno((uv_handle_t *) &tcp, &fd), UV_ENOTSUP);
  uv_close((uv_handle_t *) &tcp, NULL);
  return avow_promise_resolve(loop, avow_none());
}

static void unsimulated_call_fails_a_run(void **state) {
  assert_fails(opens_udp, "uv_udp_init() is not simulated");
  assert_fails(asks_for_a_descriptor, "uv_fileno() is not simulated");
}

static avow_promise_t *asks_for_the_default(uv_loop_t *loop, void *data) {
  assert_non_null(uv_default_loop());
  return avow_sleep(loop, 1);
}

static avow_promise_t *makes_a_loop(uv_loop_t *loop, void *data) {
  static uv_loop_t another;
  assert_int_equal(uv_loop_init(&another), UV_ENOTSUP);
  return avow_sleep(loop, 1);
}

static avow_promise_t *works_on_another_loop(uv_loop_t *loop, void *data) {
  assert_int_equal(uv_timer_init(data, &timer), 0);
  uv_close((uv_handle_t *) &timer, NULL);
  return avow_sleep(loop, 1);
}

static void nothing_work(uv_work_t *request) {
}

static avow_promise_t *queues_work_on_another_loop(uv_loop_t *loop,
                                                   void *data) {
  static uv_work_t work;
  assert_int_equal(uv_queue_work(data, &work, nothing_work, NULL), 0);
  return avow_sleep(loop, 1);
}

static void use_of_another_loop_fails_a_run(void **state) {
  static uv_loop_t another;
  assert_fails(asks_for_the_default, "uv_default_loop() in a run is not");
  assert_fails(makes_a_loop, "uv_loop_init() in a run is not simulated");
  assert_int_equal(uv_loop_init(&another), 0);

  assert_string_equal(
      run_once(1, works_on_another_loop, &another).why,
      "timer on a loop other than the one that the program received "
      "is not simulated");
  assert_non_null(strstr(run_once(1, queues_work_on_another_loop, &another).why,
                         "a request on a loop other than"));
}

static avow_promise_t *waits_for_a_thread(uv_loop_t *loop, void *data) {
  uv_sem_t sem;
  assert_int_equal(uv_sem_init(&sem, 1), 0);
  uv_sem_wait(&sem);
  uv_sem_wait(&sem);
  return NULL;
}

static void wait_for_another_thread_fails_a_run(void **state) {
  assert_fails(waits_for_a_thread, "uv_sem_wait() waits for another thread");
}

static avow_value_t again(void *data) {
  avow_sim_note("again");
  return avow_none();
}

static avow_value_t go_on(const avow_value_t *arg, void *data) {
  avow_sim_note("again");
  return avow_follow(avow_then(avow_sleep(data, 1), go_on, NULL, data));
}

static avow_promise_t *endless(uv_loop_t *loop, void *data) {
  return avow_then(avow_try(loop, again, NULL), go_on, NULL, loop);
}

static void endless_program_fails(void **state) {
  const avow_sim_options_t few = { .max_events = 100 };
  const avow_sim_options_t brief = { .max_ms = 100 };

  assert_non_null(strstr(avow_sim(1, endless, NULL, &few).why,
                         "more than 100 events: if the run would end"));
  assert_non_null(strstr(avow_sim(1, endless, NULL, &brief).why,
                         "more than 100 ms of virtual time"));
}

static avow_promise_t *one_sleep(uv_loop_t *loop, void *data) {
  return avow_sleep(loop, 101);
}

static void program_that_ends_too_late_fails(void **state) {
  const avow_sim_options_t brief = { .max_ms = 100 };
  const avow_sim_options_t enough = { .max_ms = 101 };

  assert_non_null(strstr(avow_sim(1, one_sleep, NULL, &brief).why,
                         "more than 100 ms of virtual time"));
  assert_false(avow_sim(1, one_sleep, NULL, &enough).failed);
}

SUITE(fails) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rejected_program_fails),
    cmocka_unit_test(program_that_waits_without_events_fails),
    cmocka_unit_test(program_that_holds_a_deferred_fails),
    cmocka_unit_test(loop_that_stays_alive_without_events_fails),
    cmocka_unit_test(failed_check_fails_a_run),
    cmocka_unit_test(check_without_a_message_fails_a_run),
    cmocka_unit_test(open_handle_fails_a_run),
    cmocka_unit_test(leaked_value_fails_a_run),
    cmocka_unit_test(block_stays_known_after_a_failed_realloc),
    cmocka_unit_test(freed_foreign_block_does_not_hide_a_leak),
    cmocka_unit_test(oldest_leaked_block_is_named),
    cmocka_unit_test(misuse_fails_a_run),
    cmocka_unit_test(unhandled_rejection_fails_a_run),
    cmocka_unit_test(unsimulated_call_fails_a_run),
    cmocka_unit_test(use_of_another_loop_fails_a_run),
    cmocka_unit_test(wait_for_another_thread_fails_a_run),
    cmocka_unit_test(endless_program_fails),
    cmocka_unit_test(program_that_ends_too_late_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
