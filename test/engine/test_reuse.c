/* SPDX-License-Identifier: MIT */
/*
 * Loops that are used again after the program has closed all of their handles,
 * including avow's. Checked builds advise what to do, once. Apart from that,
 * all builds behave alike.
 */
#include "harness.h"

#include <stdio.h>
#include <unistd.h>
#ifndef _WIN32
#  include <sys/mman.h>
#endif

enum { MINUTE = 60 * 1000 };

#ifdef NDEBUG
enum { ONCE = 0 };
#else
enum { ONCE = 1 };
#endif

/* Returns how many lines `fn` prints on stderr. Each of them must advise a call
   of avow_loop_close(). */
static int advised(void (*fn)(void)) {
  char line[256];
  FILE *file = stderr_of(fn);
  int lines = 0;
  for (; fgets(line, sizeof(line), file) != NULL; lines++)
    assert_non_null(
        strstr(line, "call avow_loop_close(), then avow_loop_init"));
  (void) fclose(file);
  return lines;
}

/* Closes all handles while the loop has sleeps and phases. */
static void close_all(void) {
  assert_fulfills_none(avow_sleep(loop, 0));
  assert_fulfills_none(avow_next_iteration(loop));
  uv_walk(loop, close_handle, NULL);
}

static void pending_sleep_waits_for_loop_close(void **state) {
  avow_promise_t *p = avow_sleep(loop, MINUTE);

  close_all();
  run();

  assert_int_equal(avow_state(p), AVOW_PENDING);
  renew_loop();
  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(avow_sleep(loop, 1));
}

static void make_promises(void) {
  close_all();
  run();
  avow_unref(avow_promise_resolve(loop, avow_int(1)));
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  assert_true(avow_resolve(d, avow_none()));
}

static void sleep_beside_another_handle(void) {
  close_all();
  run();
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_rejects(avow_sleep(loop, 1), UV_ECANCELED);
  assert_rejects(avow_sleep(loop, 1), UV_ECANCELED);
  close_handle((uv_handle_t *) &timer, NULL);
  run();
}

static void wait_for_an_iteration(void) {
  close_all();
  assert_rejects(avow_next_iteration(loop), UV_ECANCELED);
}

static void run_for_a_sleep(void) {
  avow_promise_t *p = avow_sleep(loop, MINUTE);
  close_all();
  assert_rejects(p, AVOW_EIDLE);
}

static void use_without_init_is_reported_once(void **state) {
  static void (*const uses[])(
      void) = { make_promises, sleep_beside_another_handle,
                wait_for_an_iteration, run_for_a_sleep };

  for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
    assert_int_equal(advised(uses[i]), ONCE);
    renew_loop();
  }
}

static avow_value_t sleep_again(void *data) {
  return avow_follow(avow_sleep(loop, 1));
}

static void close_normally(void) {
  avow_unref(avow_finally(avow_sleep(loop, MINUTE), sleep_again, NULL));
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  avow_promise_t *closed = avow_close_handle((uv_handle_t *) &timer);
  close_all();
  assert_fulfills_none(avow_then(closed, NULL, NULL, NULL));
  renew_loop();
  assert_fulfills_none(avow_sleep(loop, 1));
}

static void normal_close_is_not_reported(void **state) {
  assert_int_equal(advised(close_normally), 0);
}

#ifndef _WIN32 /* the test makes a page inaccessible */

enum { PAGE = 65536 }; /* one page or several */

static void *page;

/* Makes a promise on a loop in that page. Runs and closes the loop. */
static avow_promise_t *outliving_promise(void) {
  assert_int_equal(posix_memalign(&page, PAGE, PAGE), 0);
  uv_loop_t *own = page;
  assert_int_equal(uv_loop_init(own), 0);
  assert_int_equal(avow_loop_init(own, &steady), 0);
  avow_promise_t *p = avow_promise_resolve(own, avow_int(1));
  avow_unref(avow_sleep(own, 1));
  assert_int_equal(uv_run(own, UV_RUN_DEFAULT), 0);
  assert_int_equal(avow_loop_close(own), 0);
  assert_int_equal(uv_loop_close(own), 0);
  assert_int_equal(mprotect(page, PAGE, PROT_NONE), 0);
  return p;
}

static void free_page(void) {
  assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
  free(page);
}

static void promise_may_outlive_its_loop(void **state) {
  avow_unref(avow_then(outliving_promise(), NULL, NULL, NULL));

  free_page();
}

static void release_promise(void *p) {
  avow_unref(p);
}

static void promise_of_a_freed_loop_may_be_released_on_any_thread(
    void **state) {
  uv_thread_t thread;

  assert_int_equal(uv_thread_create(&thread, release_promise,
                                    outliving_promise()),
                   0);
  assert_int_equal(uv_thread_join(&thread), 0);

  free_page();
}

#endif

SUITE(reuse) {
  const struct CMUnitTest tests[] = {
    CASE(pending_sleep_waits_for_loop_close),
    CASE(use_without_init_is_reported_once),
    CASE(normal_close_is_not_reported),
#ifndef _WIN32
    CASE(promise_may_outlive_its_loop),
    CASE(promise_of_a_freed_loop_may_be_released_on_any_thread),
#endif
  };
  return RUN(tests);
}
