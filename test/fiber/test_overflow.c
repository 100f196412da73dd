/* SPDX-License-Identifier: MIT */
/* Stacks that overflow: how the process ends, and its message. */
#include "fiber/overflow.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overflowing.h"

#if TOOLS_WATCH

SUITE(overflow) {
  puts("skipped: the tool that watches would speak of it first");
  return 77;
}

#else

/* Touches only the far end of a frame that leaves out the stack and most of the
   guard. clang would shrink an array of which it knew the used part. */
static avow_value_t jump(void *data) {
  volatile char frame[SIZE + GUARD / 2];
  volatile size_t far_end = 0;
  frame[far_end] = 1;
  return avow_int(frame[far_end]);
}

static void run_jump(void) {
  run_in_fiber(jump);
}

static void run_fault(void) {
  run_in_fiber(fault);
}

static void overflow_on_thread(void) {
  avow_fn fn = overflow;
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, in_fiber, &fn), 0);
  (void) uv_thread_join(&thread); /* the process ends first */
}

static void overflow_after_threads(void) {
  for (int i = 0; i < 3; i++) {
    uv_thread_t thread;
    assert_int_equal(uv_thread_create(&thread, quiet_thread, NULL), 0);
    assert_int_equal(uv_thread_join(&thread), 0);
  }
  run_overflow();
}

#  if AVOW__OVERFLOW
/* Without keys, avow fails twice to set up its watch. Only the overflow shows
   that. */
static void overflow_without_keys(void) {
  pthread_key_t key;
  while (pthread_key_create(&key, NULL) == 0)
    continue;
  quiet_thread(NULL);
  run_overflow();
}

static void *(*map_pages)(size_t size);

static void *fail_once(size_t size) {
  avow__map_pages = map_pages;
  return NULL;
}

static void overflow_without_memory(void) {
  map_pages = avow__map_pages;
  avow__map_pages = fail_once;
  run_overflow();
}
#  endif

static void overflow_after_fork(void) {
  int status = 0;
  quiet_thread(NULL);
  const pid_t child = fork();
  if (child == 0)
    run_overflow();
  (void) waitpid(child, &status, 0); /* `status` shows a failure */
  save_coverage();
  _exit(WIFSIGNALED(status) ? HANDLED : 1);
}

/* Tests by the public functions, as programs use them. */

static void async_overflow(void) {
  uv_loop_t own;
  open_loop(&own);
  avow_unref(avow_async(&own, overflow, NULL));
}

static avow_value_t overflow_later(void *sleep) {
  avow_ignore(avow_await(sleep));
  return overflow(NULL);
}

static void overflow_of_named(const char *name) {
  uv_loop_t own;
  open_loop(&own);
  avow_promise_t *p = avow_async(&own, overflow_later, avow_sleep(&own, 0));
  avow_promise_set_name(p, name);
  avow_ignore(avow_run(p));
}

static void overflow_of_mirror(void) {
  overflow_of_named("mirror");
}

static void overflow_of_long_name(void) {
  static char name[2000];
  memset(name, 'x', sizeof(name) - 1);
  overflow_of_named(name);
}

static void overflow_ends_the_process_with_advice(void **state) {
  const ending_t ending = ending_of(run_overflow);

  assert_killed(&ending);
  assert_advice(&ending);
}

static void overflow_by_a_large_frame_prints_advice(void **state) {
  const ending_t ending = ending_of(run_jump);

  assert_killed(&ending);
  assert_advice_on(jump, ending.text);
}

static void overflow_on_another_thread_prints_advice(void **state) {
  const ending_t ending = ending_of(overflow_on_thread);

  assert_killed(&ending);
  assert_advice(&ending);
}

static void ended_threads_do_not_affect_the_advice(void **state) {
  const ending_t ending = ending_of(overflow_after_threads);

  assert_killed(&ending);
  assert_advice(&ending);
}

static void other_faults_print_no_advice(void **state) {
  const ending_t ending = ending_of(run_fault);

  assert_killed(&ending);
  assert_silent(ending.text);
}

static void overflow_in_a_forked_child_prints_advice(void **state) {
  const ending_t ending = ending_of(overflow_after_fork);

  assert_exits(&ending, HANDLED);
  assert_advice(&ending);
}

static void overflow_prints_advice_by_default(void **state) {
  const ending_t ending = ending_of(async_overflow);

  assert_killed(&ending);
  assert_advice(&ending);
#  if AVOW__OVERFLOW
  assert_non_null(strstr(ending.text, "its stack of 262144 bytes"));
#  endif
}

static void advice_has_the_name_of_the_promise(void **state) {
  const ending_t named = ending_of(overflow_of_mirror);
  const ending_t long_named = ending_of(overflow_of_long_name);

  assert_advice_on(overflow_later, named.text);
  assert_advice_on(overflow_later, long_named.text);
#  if AVOW__OVERFLOW
  assert_non_null(strstr(named.text, "async function mirror at 0x"));
  assert_non_null(strstr(long_named.text, "async function xxxxxxxx"));
#  endif
}

#  if AVOW__OVERFLOW
static void unwatched_overflow_prints_nothing(void **state) {
  void (*const fns[])(void) = { overflow_without_keys,
                                overflow_without_memory };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_killed(&ending);
    assert_silent(ending.text);
  }
}
#  endif

SUITE(overflow) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(overflow_ends_the_process_with_advice),
    cmocka_unit_test(overflow_by_a_large_frame_prints_advice),
    cmocka_unit_test(overflow_on_another_thread_prints_advice),
    cmocka_unit_test(ended_threads_do_not_affect_the_advice),
    cmocka_unit_test(other_faults_print_no_advice),
    cmocka_unit_test(overflow_in_a_forked_child_prints_advice),
    cmocka_unit_test(overflow_prints_advice_by_default),
    cmocka_unit_test(advice_has_the_name_of_the_promise),
#  if AVOW__OVERFLOW
    cmocka_unit_test(unwatched_overflow_prints_nothing),
#  endif
  };
  return RUN(tests);
}

#endif
