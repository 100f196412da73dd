/* SPDX-License-Identifier: MIT */
/*
 * Another thread, while avow installs or removes its handlers. It is simulated:
 * it acts between the two system calls that this takes. Also the order in which
 * a handler works.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fiber/overflow.h"
#include "overflowing.h"

/* Linked before the system's function. */
int __wrap_sigaction(int sig, const struct sigaction *by,
                     struct sigaction *before);
int __real_sigaction(int sig, const struct sigaction *by,
                     struct sigaction *before);

static void (*meanwhile)(void); /* called after the next read of an action */
static bool tells;              /* of the default action */
static int calls;

int __wrap_sigaction(int sig, const struct sigaction *by,
                     struct sigaction *before) {
  const int err = __real_sigaction(sig, by, before);
  calls++;
  void (*const fn)(void) = meanwhile;
  if (tells && by != NULL && by->sa_handler == SIG_DFL)
    (void) !write(STDERR_FILENO, "restored\n", 9); /* the text shows it */
  save_coverage(); /* the process may end without another chance */
  if (fn == NULL || by != NULL)
    return err;
  meanwhile = NULL;
  fn();
  return err;
}

static void end_if(bool right) {
  save_coverage();
  _exit(right && meanwhile == NULL ? HANDLED : 1);
}

static void assert_handled(void (*fn)(void)) {
  const ending_t ending = ending_of(fn);

  assert_exits(&ending, HANDLED);
  assert_silent(ending.text);
}

#if !AVOW__OVERFLOW

static void use_loop(void) {
  uv_loop_t own;
  open_loop(&own);
  close_loop(&own);
  end_if(calls == 0);
}

static void release_build_touches_no_signal(void **state) {
  assert_handled(use_loop);
}

SUITE(overflow_raced) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(release_build_touches_no_signal),
  };
  return RUN(tests);
}

#elif TOOLS_WATCH

SUITE(overflow_raced) {
  puts("skipped: the tool that watches would speak of it first");
  return 77;
}

#else

static void install_own_handler(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  (void) __real_sigaction(SIGSEGV, &action, NULL); /* cannot fail */
}

static void start_function(void) {
  quiet_thread(NULL);
}

static void (*handler_of_faults(void))(int) {
  struct sigaction now;
  (void) __real_sigaction(SIGSEGV, NULL, &now); /* only reads */
  return now.sa_handler;
}

static void open_during(void (*fn)(void)) {
  meanwhile = fn;
  quiet_thread(NULL);
}

static void close_during(void (*fn)(void)) {
  uv_loop_t own;
  open_loop(&own);
  meanwhile = fn;
  close_loop(&own);
}

static void install_while_opening(void) {
  open_during(install_own_handler);
  end_if(handler_of_faults() == end_handled);
}

static void install_while_closing(void) {
  close_during(install_own_handler);
  end_if(handler_of_faults() == end_handled);
}

static void start_while_closing(void) {
  close_during(start_function);
  end_if(handler_of_faults() != SIG_DFL);
}

static void tell_of_overflow(void) {
  tells = true;
  run_overflow();
}

static void tell_of_fault(void) {
  tells = true;
  run_in_fiber(fault);
}

static void fault_alone(void *data) {
  (void) fault(data); /* does not return */
}

static void tell_of_fault_on_unwatched_thread(void) {
  uv_thread_t thread;
  tells = true;
  quiet_thread(NULL);
  assert_int_equal(uv_thread_create(&thread, fault_alone, NULL), 0);
  (void) uv_thread_join(&thread); /* the process ends first */
}

static void handler_of_another_thread_stays_installed(void **state) {
  assert_handled(install_while_opening);
  assert_handled(install_while_closing);
}

static void function_on_another_thread_keeps_the_handlers(void **state) {
  assert_handled(start_while_closing);
}

static void advice_precedes_the_default_action(void **state) {
  const ending_t ending = ending_of(tell_of_overflow);

  assert_killed(&ending);
  assert_advice(&ending);
  assert_non_null(strstr(ending.text, "stack_size\nrestored\n"));
}

static void default_action_follows_other_faults(void **state) {
  void (*const fns[])(void) = { tell_of_fault,
                                tell_of_fault_on_unwatched_thread };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_killed(&ending);
    assert_string_equal(ending.text, "restored\n");
  }
}

SUITE(overflow_raced) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(handler_of_another_thread_stays_installed),
    cmocka_unit_test(function_on_another_thread_keeps_the_handlers),
    cmocka_unit_test(advice_precedes_the_default_action),
    cmocka_unit_test(default_action_follows_other_faults),
  };
  return RUN(tests);
}

#endif
