/* SPDX-License-Identifier: MIT */
/* Stacks that overflow: how the process ends, and its message. */
#include "fiber/overflow.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

/* Tests by the public functions, as programs use them. */

static avow_value_t do_nothing(void *data) {
  return avow_none();
}

static void async_with(avow_fn fn, bool report) {
  static uv_loop_t own;
  const avow_options_t options = { .budget_us = UINT_MAX,
                                   .report_overflows = report };
  loop = &own;
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_unref(avow_async(loop, fn, NULL));
}

static void overflow_without_reports(void) {
  async_with(overflow, false);
}

static void overflow_with_reports(void) {
  async_with(overflow, true);
}

static void look_for_handlers(void) {
  struct sigaction segv, bus;
  stack_t stack;
  async_with(do_nothing, false);
  (void) sigaction(SIGSEGV, NULL, &segv); /* these calls only read */
  (void) sigaction(SIGBUS, NULL, &bus);
  (void) sigaltstack(NULL, &stack);
  _exit(segv.sa_handler == SIG_DFL && bus.sa_handler == SIG_DFL &&
                (stack.ss_flags & SS_DISABLE) != 0
            ? HANDLED
            : 1);
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

static void signals_are_not_handled_by_default(void **state) {
  const ending_t ending = ending_of(look_for_handlers);

  assert_exits(&ending, HANDLED);
}

static void overflow_prints_nothing_by_default(void **state) {
  const ending_t ending = ending_of(overflow_without_reports);

  assert_killed(&ending);
  assert_silent(ending.text);
}

static void overflow_prints_advice_if_requested(void **state) {
  const ending_t ending = ending_of(overflow_with_reports);

  assert_killed(&ending);
  assert_advice(&ending);
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
    cmocka_unit_test(signals_are_not_handled_by_default),
    cmocka_unit_test(overflow_prints_nothing_by_default),
    cmocka_unit_test(overflow_prints_advice_if_requested),
#  if AVOW__OVERFLOW
    cmocka_unit_test(unwatched_overflow_prints_nothing),
#  endif
  };
  return RUN(tests);
}

#endif
