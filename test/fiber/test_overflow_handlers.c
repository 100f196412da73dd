/* SPDX-License-Identifier: MIT */
/*
 * Handlers of faults beside avow's watch for overflows. A program installs
 * handlers, and stacks for them, earlier or later than avow.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fiber/overflow.h"
#include "overflowing.h"

#if TOOLS_WATCH

SUITE(overflow_handlers) {
  puts("skipped: the tool that watches would speak of it first");
  return 77;
}

#else

static avow_value_t send_fault(void *data) {
  (void) raise(SIGSEGV); /* cannot fail */
  return avow_none();
}

static void run_sent_fault(void) {
  run_in_fiber(send_fault);
}

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

static void fault_with_handler(void) {
  const struct sigaction action = { .sa_sigaction = end_with_info,
                                    .sa_flags = SA_SIGINFO };
  handle_faults(&action);
  run_in_fiber(fault);
}

static void fault_alone(void *data) {
  (void) fault(data); /* does not return */
}

static void fault_on_unwatched_thread(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  uv_thread_t thread;
  handle_faults(&action);
  quiet_thread(NULL);
  assert_int_equal(uv_thread_create(&thread, fault_alone, NULL), 0);
  (void) uv_thread_join(&thread); /* the process ends first */
}

/* Crash reporters. One ends the process as the fault would. The other returns
   to the fault. */
static void report_and_raise(int sig) {
  (void) !write(STDERR_FILENO, "report", 6);
  (void) raise(sig); /* no handler or mask delays the signal any longer */
  _exit(HANDLED);
}

static void report_alone(int sig) {
  (void) !write(STDERR_FILENO, "report", 6);
}

static void fault_with_reporter(void (*fn)(int), unsigned flags) {
  const struct sigaction action = { .sa_handler = fn, .sa_flags = (int) flags };
  handle_faults(&action);
  run_in_fiber(fault);
}

static void fault_with_raiser(void) {
  fault_with_reporter(report_and_raise, SA_RESETHAND | SA_NODEFER);
}

static void fault_with_returner(void) {
  fault_with_reporter(report_alone, SA_RESETHAND);
}

static void end_with_mask(int sig) {
  sigset_t held;
  (void) sigprocmask(SIG_SETMASK, NULL, &held); /* only reads */
  save_coverage();
  _exit(sigismember(&held, SIGUSR1) == 1 && sigismember(&held, sig) == 1
            ? HANDLED
            : 1);
}

static void fault_with_mask(void) {
  struct sigaction action = { .sa_handler = end_with_mask };
  (void) sigaddset(&action.sa_mask, SIGUSR1); /* cannot fail */
  handle_faults(&action);
  run_in_fiber(fault);
}

static void leave_in_order(void) {
  quiet_thread(NULL);
  exit(HANDLED);
}

#  ifdef __GNUC__
static bool looks_at_the_end;

/* The library cleans up before this destructor. */
__attribute__((destructor(101))) static void look_at_the_end(void) {
  struct sigaction segv, bus;
  if (!looks_at_the_end)
    return;
  (void) sigaction(SIGSEGV, NULL, &segv); /* these calls only read */
  (void) sigaction(SIGBUS, NULL, &bus);
  save_coverage();
  _exit(segv.sa_handler == end_handled && bus.sa_handler == end_handled
            ? HANDLED
            : 1);
}

static void leave_with_later_handler(void) {
  const struct sigaction action = { .sa_handler = end_handled };
  quiet_thread(NULL);
  handle_faults(&action);
  looks_at_the_end = true;
  exit(1); /* a destructor ends the process first */
}
#  endif

#  if AVOW__OVERFLOW
static char signal_stack[SIZE];

static void take_own_stack(void) {
  const stack_t own = { .ss_sp = signal_stack, .ss_size = SIZE };
  assert_int_equal(sigaltstack(&own, NULL), 0);
}

static void end_on_own_stack(int sig) {
  const volatile char here = 0;
  const uintptr_t at = (uintptr_t) &here - (uintptr_t) signal_stack;
  save_coverage();
  _exit(at < SIZE ? HANDLED : 1);
}

static void overflow_with_own_stack(void) {
  const struct sigaction action = { .sa_handler = end_on_own_stack };
  take_own_stack();
  handle_faults(&action);
  run_overflow();
}

static pthread_key_t last_look;
static bool is_own_at_the_end;

/* Runs again, after all other keys of the thread. */
static void look_at_stack(void *again) {
  stack_t stack;
  if (again == &last_look) {
    (void) pthread_setspecific(last_look, &is_own_at_the_end); /* has a place */
    return;
  }
  (void) sigaltstack(NULL, &stack); /* only reads */
  is_own_at_the_end = stack.ss_sp == signal_stack && stack.ss_flags == 0;
}

static void end_with_own_stack(void *data) {
  take_own_stack();
  assert_int_equal(pthread_setspecific(last_look, &last_look), 0);
  quiet_thread(NULL);
}

static void let_thread_end_with_own_stack(void) {
  uv_thread_t thread;
  assert_int_equal(pthread_key_create(&last_look, look_at_stack), 0);
  assert_int_equal(uv_thread_create(&thread, end_with_own_stack, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  save_coverage();
  _exit(is_own_at_the_end ? HANDLED : 1);
}
#  endif

static void sent_faults_end_the_process(void **state) {
  const ending_t ending = ending_of(run_sent_fault);

  assert_killed(&ending);
  assert_silent(ending.text);
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
  void (*const fns[])(void) = { fault_with_handler, fault_on_unwatched_thread };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_exits(&ending, HANDLED);
    assert_silent(ending.text);
  }
}

static void one_shot_handler_receives_one_fault(void **state) {
  void (*const fns[])(void) = { fault_with_raiser, fault_with_returner };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    const ending_t ending = ending_of(fns[i]);

    assert_killed(&ending);
    assert_memory_equal(ending.text, "report", 6);
    assert_silent(ending.text + 6);
  }
}

static void program_handler_keeps_its_signal_mask(void **state) {
  const ending_t ending = ending_of(fault_with_mask);

  assert_exits(&ending, HANDLED);
}

static void watched_process_exits_normally(void **state) {
  const ending_t ending = ending_of(leave_in_order);

  assert_exits(&ending, HANDLED);
  assert_silent(ending.text);
}

#  ifdef __GNUC__
static void later_handler_stays_installed_until_exit(void **state) {
  const ending_t ending = ending_of(leave_with_later_handler);

  assert_exits(&ending, HANDLED);
}
#  endif

#  if AVOW__OVERFLOW
static void program_handler_runs_after_the_advice(void **state) {
  const ending_t ending = ending_of(overflow_with_handler);

  assert_exits(&ending, HANDLED);
  assert_advice(&ending);
}

static void program_signal_stack_stays_installed(void **state) {
  const ending_t overflowed = ending_of(overflow_with_own_stack);
  const ending_t over = ending_of(let_thread_end_with_own_stack);

  assert_exits(&overflowed, HANDLED);
  assert_advice(&overflowed);
  assert_exits(&over, HANDLED);
}
#  endif

SUITE(overflow_handlers) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sent_faults_end_the_process),
    cmocka_unit_test(sent_faults_may_be_ignored),
    cmocka_unit_test(program_handler_still_receives_faults),
    cmocka_unit_test(one_shot_handler_receives_one_fault),
    cmocka_unit_test(program_handler_keeps_its_signal_mask),
    cmocka_unit_test(watched_process_exits_normally),
#  ifdef __GNUC__
    cmocka_unit_test(later_handler_stays_installed_until_exit),
#  endif
#  if AVOW__OVERFLOW
    cmocka_unit_test(program_handler_runs_after_the_advice),
    cmocka_unit_test(program_signal_stack_stays_installed),
#  endif
  };
  return RUN(tests);
}

#endif
