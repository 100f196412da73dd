/* SPDX-License-Identifier: MIT */
/*
 * The handlers that report overflows, beside those of a program: a program
 * installs handlers, and stacks for them, earlier or later than avow. When the
 * last loop closes, avow's handlers are removed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fiber/overflow.h"
#include "overflowing.h"

#if TOOLS_WATCH

SUITE(overflow_handlers) {
  puts("skipped: the tool that watches would speak of it first");
  return 77;
}

#else

enum { THREADS = 4, ROUNDS = 300 };

/* A child process ends with this, because a failed assertion would not end it.
 */
static void end_if(bool right) {
  save_coverage();
  _exit(right ? HANDLED : 1);
}

static bool reports_as_built(void) {
  return AVOW__OVERFLOW ? reports_overflows() : leaves_signals_alone();
}

static avow_value_t send_fault(void *data) {
  (void) raise(SIGSEGV); /* cannot fail */
  return avow_none();
}

static void run_sent_fault(void) {
  run_in_fiber(send_fault);
}

static void fault_alone(void *data) {
  (void) fault(data); /* does not return */
}

static void fault_on_unwatched_thread(void) {
  uv_thread_t thread;
  quiet_thread(NULL);
  assert_int_equal(uv_thread_create(&thread, fault_alone, NULL), 0);
  (void) uv_thread_join(&thread); /* the process ends first */
}

/* The program has handlers before avow. */

/* Tested in a fiber and outside. */
static void ignore_sent_faults_with(int flags) {
  const struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = flags };
  handle_faults(&action);
  run_sent_fault();
  (void) raise(SIGBUS); /* cannot fail */
}

static void ignore_sent_faults(void) {
  ignore_sent_faults_with(0);
}

/* The program's action ignores faults, although SA_SIGINFO is set. */
static void ignore_sent_faults_with_info(void) {
  ignore_sent_faults_with(SA_SIGINFO);
}

static void end_with_info(int sig, siginfo_t *info, void *context) {
  save_coverage();
  _exit(info->si_signo == sig ? HANDLED : 1);
}

static void fault_with_info_handler(void) {
  const struct sigaction action = { .sa_sigaction = end_with_info,
                                    .sa_flags = SA_SIGINFO };
  handle_faults(&action);
  run_in_fiber(fault);
}

static void fault_with_handler(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  handle_faults(&action);
  run_in_fiber(fault);
}

static void keep_handlers(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  uv_loop_t own;
  handle_faults(&action);
  open_loop(&own);
  const bool right =
      handlers_are(end_handled, end_handled) && !has_signal_stack();
  close_loop(&own);
  end_if(right && handlers_are(end_handled, end_handled));
}

static char signal_stack[SIZE];

static void take_own_stack(void) {
  const stack_t own = { .ss_sp = signal_stack, .ss_size = SIZE };
  assert_int_equal(sigaltstack(&own, NULL), 0);
}

static bool has_own_stack(void) {
  stack_t stack;
  (void) sigaltstack(NULL, &stack); /* only reads */
  return stack.ss_sp == signal_stack && stack.ss_flags == 0;
}

static void end_on_own_stack(int sig) {
  const volatile char here = 0;
  const uintptr_t at = (uintptr_t) &here - (uintptr_t) signal_stack;
  end_if(at < SIZE);
}

static void overflow_with_handler(void) {
  const struct sigaction action = { .sa_handler = end_on_own_stack,
                                    .sa_flags = SA_ONSTACK };
  take_own_stack();
  handle_faults(&action);
  run_overflow();
}

static void overflow_with_own_stack(void) {
  take_own_stack();
  run_overflow();
}

static void close_with_own_stack(void) {
  uv_loop_t own;
  take_own_stack();
  open_loop(&own);
  close_loop(&own);
  end_if(has_own_stack());
}

/* The program has a handler for the signal that guards do not cause. */
static void overflow_with_one_handler(void) {
#  ifdef __APPLE__
  (void) signal(SIGSEGV, end_handled);
#  else
  (void) signal(SIGBUS, end_handled);
#  endif
  run_overflow();
}

static void keep_one_handler(void) {
  uv_loop_t own;
  (void) signal(SIGBUS, end_handled);
  open_loop(&own);
  const bool right = !handlers_are(SIG_DFL, end_handled) == AVOW__OVERFLOW;
  close_loop(&own);
  end_if(right && handlers_are(SIG_DFL, end_handled));
}

/* The program changes handlers and stacks after avow. */

static void replace_handlers(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  uv_loop_t own;
  open_loop(&own);
  handle_faults(&action);
  close_loop(&own);
  end_if(handlers_are(end_handled, end_handled));
}

/* Also code that restores avow's handlers when they are no longer needed. */
static void restore_handlers(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  struct sigaction segv;
  uv_loop_t own;
  open_loop(&own);
  (void) sigaction(SIGSEGV, &action, &segv); /* these calls cannot fail */
  close_loop(&own);
  (void) signal(SIGBUS, SIG_IGN);
  (void) sigaction(SIGSEGV, &segv, NULL);
  open_loop(&own);
  const bool right = has_signal_stack() == AVOW__OVERFLOW;
  close_loop(&own);
  end_if(right && handlers_are(SIG_DFL, SIG_IGN));
}

static void replace_signal_stack(void) {
  stack_t before;
  uv_loop_t own;
  open_loop(&own);
  (void) sigaltstack(NULL, &before); /* only reads */
  take_own_stack();
  close_loop(&own);
  if (AVOW__OVERFLOW)
    memset(before.ss_sp, 1, before.ss_size); /* other code may restore it */
  end_if(has_own_stack());
}

#  ifdef __GNUC__
static bool looks_at_the_end;

/* The library cleans up before this destructor. */
__attribute__((destructor(101))) static void look_at_the_end(void) {
  if (looks_at_the_end)
    end_if(handlers_are(end_handled, end_handled));
}

static void leave_with_later_handler(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  quiet_thread(NULL);
  handle_faults(&action);
  looks_at_the_end = true;
  exit(1); /* a destructor ends the process first */
}
#  endif

/* Loops open and close. */

static void close_two_loops(void) {
  uv_loop_t first, second;
  bool right = leaves_signals_alone();
  open_loop(&first);
  open_loop(&second);
  close_loop(&first);
  right = right && reports_as_built();
  close_loop(&second);
  end_if(right && leaves_signals_alone());
}

static void loop_without_functions(void) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  avow_ignore(avow_run(avow_sleep(&own, 0)));
  const bool right = leaves_signals_alone();
  close_loop(&own);
  end_if(right && leaves_signals_alone());
}

static void overflow_after_last_close(void) {
  uv_loop_t own;
  open_loop(&own);
  close_loop(&own);
  run_overflow();
}

static bool right_on_thread;

static void use_loop(void *data) {
  uv_loop_t own;
  open_loop(&own);
  right_on_thread = reports_as_built();
  close_loop(&own);
  right_on_thread = right_on_thread && !has_signal_stack();
}

static void loop_on_thread_closes_first(void) {
  uv_loop_t own;
  uv_thread_t thread;
  open_loop(&own);
  assert_int_equal(uv_thread_create(&thread, use_loop, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  const bool right = right_on_thread && reports_as_built();
  close_loop(&own);
  end_if(right && leaves_signals_alone());
}

static void use_fibers(void *data) {
  for (int i = 0; i < ROUNDS; i++) {
    avow__fibers_t fibers = { .stack_size = SIZE };
    avow__fiber_t *f;
    assert_int_equal(avow__fiber_take(&fibers, &f), 0);
    avow__fiber_discard(&fibers, f);
    avow__fibers_close(&fibers);
  }
}

/* Threads install and remove the handlers at the same time. */
static void use_many_threads(void) {
  uv_thread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], use_fibers, NULL), 0);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  const bool right = leaves_signals_alone();
  quiet_thread(NULL);
  end_if(right && reports_as_built());
}

static void leave_in_order(void) {
  quiet_thread(NULL);
  exit(HANDLED);
}

static void assert_all_handled(void (*const fns[])(void), size_t n) {
  for (size_t i = 0; i < n; i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_exits(&ending, HANDLED);
    assert_silent(ending.text);
  }
}

#  define ASSERT_HANDLED(...)                                \
    do {                                                     \
      void (*const fns[])(void) = { __VA_ARGS__ };           \
      assert_all_handled(fns, sizeof(fns) / sizeof(fns[0])); \
    } while (0)

static void faults_end_the_process(void **state) {
  void (*const fns[])(void) = { run_sent_fault, fault_on_unwatched_thread };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_killed(&ending);
    assert_silent(ending.text);
  }
}

static void sent_faults_may_be_ignored(void **state) {
  void (*const fns[])(void) = { ignore_sent_faults,
                                ignore_sent_faults_with_info };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_exits(&ending, 0);
    assert_string_equal(ending.text, "");
  }
}

static void program_handler_still_receives_faults(void **state) {
  ASSERT_HANDLED(fault_with_handler, fault_with_info_handler,
                 overflow_with_handler);
}

static void earlier_handlers_stay_installed(void **state) {
  ASSERT_HANDLED(keep_handlers, keep_one_handler);
}

static void handler_of_another_signal_permits_advice(void **state) {
  const ending_t ending = ending_of(overflow_with_one_handler);

  assert_killed(&ending);
  assert_advice(&ending);
}

static void later_handler_stays_installed_until_exit(void **state) {
  ASSERT_HANDLED(replace_handlers, restore_handlers);
#  ifdef __GNUC__
  ASSERT_HANDLED(leave_with_later_handler);
#  endif
}

static void program_signal_stack_stays_installed(void **state) {
  const ending_t ending = ending_of(overflow_with_own_stack);

  assert_killed(&ending);
  assert_advice(&ending);
  ASSERT_HANDLED(close_with_own_stack, replace_signal_stack);
}

static void handlers_are_removed_after_the_last_loop(void **state) {
  ASSERT_HANDLED(close_two_loops, loop_on_thread_closes_first,
                 use_many_threads);
}

static void loops_without_async_functions_handle_no_signal(void **state) {
  ASSERT_HANDLED(loop_without_functions);
}

static void overflow_after_the_last_close_prints_advice(void **state) {
  const ending_t ending = ending_of(overflow_after_last_close);

  assert_killed(&ending);
  assert_advice(&ending);
}

static void watched_process_exits_normally(void **state) {
  ASSERT_HANDLED(leave_in_order);
}

SUITE(overflow_handlers) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(faults_end_the_process),
    cmocka_unit_test(sent_faults_may_be_ignored),
    cmocka_unit_test(program_handler_still_receives_faults),
    cmocka_unit_test(earlier_handlers_stay_installed),
    cmocka_unit_test(handler_of_another_signal_permits_advice),
    cmocka_unit_test(later_handler_stays_installed_until_exit),
    cmocka_unit_test(program_signal_stack_stays_installed),
    cmocka_unit_test(handlers_are_removed_after_the_last_loop),
    cmocka_unit_test(loops_without_async_functions_handle_no_signal),
    cmocka_unit_test(overflow_after_the_last_close_prints_advice),
    cmocka_unit_test(watched_process_exits_normally),
  };
  return RUN(tests);
}

#endif
