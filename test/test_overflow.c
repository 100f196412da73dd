/* Stacks that overflow, each in a process of its own: its end, and what it
   says. No test makes a fiber in this one, whose handlers would stay. */
#define _XOPEN_SOURCE 700 /* sigaltstack() */

#include "overflow.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fiber.h"
#include "harness.h"

/* Tools would speak of it first. */
#if AVOW__ASAN || AVOW__TSAN || defined(WATCHED)

int main(void) {
  puts("skipped: the tool that watches would speak of it first");
  return 77;
}

#else

#  ifdef COVERAGE
#    include <gcov.h>
#  endif

enum { SIZE = 64 * 1024, GUARD = 2 * SIZE, HANDLED = 7 };

static const avow__fibers_t watched = { .stack_size = SIZE,
                                        .guard_size = GUARD,
                                        .watch = true };

/* Processes that end as these do say nothing of what they reached. */
static void save_coverage(void) {
#  ifdef COVERAGE
  __gcov_dump();
#  endif
}

/* Touches each page on its way down, past any end. */
static int64_t dig(volatile char *above, int64_t depth) {
  volatile char frame[256];
  frame[0] = above[0];
  return depth == 0 ? frame[0] : dig(frame, depth - 1) + frame[0];
}

static avow_value_t overflow(void *data) {
  volatile char first[1] = { 1 };
  return avow_int(dig(first, SIZE));
}

/* Touches nothing but the far end of a frame that leaves the stack, and most of
   the guard, out. Of an array of which it knew what is used clang would keep
   no more. */
static avow_value_t jump(void *data) {
  volatile char frame[SIZE + GUARD / 2];
  volatile size_t far_end = 0;
  frame[far_end] = 1;
  return avow_int(frame[far_end]);
}

static avow_value_t fault(void *data) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
  return avow_none();
}

static avow_value_t send_fault(void *data) {
  (void) raise(SIGSEGV); /* cannot fail */
  return avow_none();
}

#  ifdef AVOW_TRACE
static const char *awaited_in; /* a file */
#  endif

/* As a thread, too. It comes back if a fault is of no consequence. */
static void in_fiber(void *fn) {
  avow__fibers_t fibers = watched;
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), 0);
  f->fn = *(avow_fn *) fn;
#  ifdef AVOW_TRACE
  f->file = awaited_in;
  f->line = 12;
#  endif
  (void) avow__fiber_resume(&avow__fiber_now, f, avow_none()); /* none */
}

static void run_overflow(void) {
  avow_fn fn = overflow;
  in_fiber(&fn);
}

static void run_jump(void) {
  avow_fn fn = jump;
  in_fiber(&fn);
}

static void run_fault(void) {
  avow_fn fn = fault;
  in_fiber(&fn);
}

static void run_sent_fault(void) {
  avow_fn fn = send_fault;
  in_fiber(&fn);
}

/* In a fiber, and outside. */
static void ignore_sent_faults_with(int flags) {
  const struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = flags };
  (void) sigaction(SIGSEGV, &action, NULL); /* cannot fail */
  (void) sigaction(SIGBUS, &action, NULL);  /* likewise */
  run_sent_fault();
  (void) raise(SIGBUS); /* cannot fail */
}

static void ignore_sent_faults(void) {
  ignore_sent_faults_with(0);
}

/* Which is no function all the same. */
static void ignore_sent_faults_with_info(void) {
  ignore_sent_faults_with(SA_SIGINFO);
}

static void overflow_on_thread(void) {
  avow_fn fn = overflow;
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, in_fiber, &fn), 0);
  (void) uv_thread_join(&thread); /* the process ends first */
}

static void quiet_thread(void *data) {
  avow__fibers_t fibers = watched;
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), 0);
  avow__fiber_discard(&fibers, f);
}

static void overflow_after_threads(void) {
  for (int i = 0; i < 3; i++) {
    uv_thread_t thread;
    assert_int_equal(uv_thread_create(&thread, quiet_thread, NULL), 0);
    assert_int_equal(uv_thread_join(&thread), 0);
  }
  save_coverage();
  run_overflow();
}

#  if AVOW__OVERFLOW
/* Watched in vain, which is not noticed before. */
static void overflow_later(void) {
  quiet_thread(NULL);
  save_coverage();
  run_overflow();
}

static void overflow_without_keys(void) {
  pthread_key_t key;
  while (pthread_key_create(&key, NULL) == 0)
    continue;
  overflow_later();
}

static void *(*map_pages)(size_t size);

static void *fail_once(size_t size) {
  avow__map_pages = map_pages;
  return NULL;
}

static void overflow_without_memory(void) {
  map_pages = avow__map_pages;
  avow__map_pages = fail_once;
  save_coverage();
  run_overflow();
}

static char signal_stack[SIZE];

static void end(int sig) {
  save_coverage();
  _exit(HANDLED);
}

static void end_on_own_stack(int sig) {
  const volatile char here = 0;
  const uintptr_t at = (uintptr_t) &here - (uintptr_t) signal_stack;
  save_coverage();
  _exit(at < SIZE ? HANDLED : 1);
}

static void overflow_with_own_stack(void) {
  const stack_t own = { .ss_sp = signal_stack, .ss_size = SIZE };
  assert_int_equal(sigaltstack(&own, NULL), 0);
  (void) signal(SIGSEGV, end_on_own_stack); /* cannot fail */
  (void) signal(SIGBUS, end_on_own_stack);  /* likewise */
  run_overflow();
}

static void overflow_with_handler(void) {
  (void) signal(SIGSEGV, end); /* cannot fail */
  (void) signal(SIGBUS, end);  /* likewise */
  run_overflow();
}
#  endif

#  if AVOW__OVERFLOW && defined(AVOW_TRACE)
static void overflow_after_await(void) {
  awaited_in = "here.c";
  overflow_with_handler();
}

static void overflow_far_away(void) {
  static char far_away[1000];
  memset(far_away, '/', sizeof(far_away) - 1);
  awaited_in = far_away;
  overflow_with_handler();
}
#  endif

static void end_with_info(int sig, siginfo_t *info, void *context) {
  save_coverage();
  _exit(info->si_signo == sig ? HANDLED : 1);
}

static void fault_with_handler(void) {
  struct sigaction action = { .sa_sigaction = end_with_info,
                              .sa_flags = SA_SIGINFO };
  (void) sigaction(SIGSEGV, &action, NULL); /* cannot fail */
  (void) sigaction(SIGBUS, &action, NULL);  /* likewise */
  run_fault();
}

/* Crash reporters: one that ends as the fault would have ended the process, and
   one that goes back to the fault. */
static void report_and_raise(int sig) {
  (void) !write(STDERR_FILENO, "report", 6);
  (void) raise(sig); /* nothing handles it any more, nor holds it up */
  _exit(HANDLED);
}

static void report_alone(int sig) {
  (void) !write(STDERR_FILENO, "report", 6);
}

static void fault_with_reporter(void (*fn)(int), unsigned flags) {
  struct sigaction action = { .sa_handler = fn, .sa_flags = (int) flags };
  (void) sigaction(SIGSEGV, &action, NULL); /* cannot fail */
  (void) sigaction(SIGBUS, &action, NULL);  /* likewise */
  run_fault();
}

static void fault_with_raiser(void) {
  fault_with_reporter(report_and_raise, SA_RESETHAND | SA_NODEFER);
}

static void fault_with_returner(void) {
  fault_with_reporter(report_alone, SA_RESETHAND);
}

static void end_with_mask(int sig) {
  sigset_t held;
  (void) sigprocmask(SIG_SETMASK, NULL, &held); /* only looks */
  save_coverage();
  _exit(sigismember(&held, SIGUSR1) == 1 && sigismember(&held, sig) == 1
            ? HANDLED
            : 1);
}

static void fault_with_mask(void) {
  struct sigaction action = { .sa_handler = end_with_mask };
  (void) sigaddset(&action.sa_mask, SIGUSR1); /* cannot fail */
  (void) sigaction(SIGSEGV, &action, NULL);   /* likewise */
  (void) sigaction(SIGBUS, &action, NULL);    /* likewise */
  run_fault();
}

static void leave_in_order(void) {
  quiet_thread(NULL);
  exit(HANDLED);
}

/* As programs do all this. */

static avow_value_t do_nothing(void *data) {
  return avow_none();
}

static void async_with(avow_fn fn, bool report) {
  static uv_loop_t own;
  const avow_options_t options = { .report_overflows = report };
  loop = &own;
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_unref(avow_async(loop, fn, NULL));
}

static void overflow_unasked(void) {
  async_with(overflow, false);
}

static void overflow_asked(void) {
  async_with(overflow, true);
}

static void look_for_handlers(void) {
  struct sigaction segv, bus;
  stack_t stack;
  async_with(do_nothing, false);
  (void) sigaction(SIGSEGV, NULL, &segv); /* these only look */
  (void) sigaction(SIGBUS, NULL, &bus);
  (void) sigaltstack(NULL, &stack);
  _exit(segv.sa_handler == SIG_DFL && bus.sa_handler == SIG_DFL &&
                (stack.ss_flags & SS_DISABLE) != 0
            ? HANDLED
            : 1);
}

/* Runs fn in a child; returns its status, and what it said. */
static int status_of(void (*fn)(void), char *text, size_t size) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void) signal(SIGSEGV, SIG_DFL); /* cmocka's would go on */
    (void) signal(SIGBUS, SIG_DFL);  /* likewise */
    (void) dup2(fds[1], STDERR_FILENO);
    fn();
    save_coverage();
    _exit(0);
  }
  (void) close(fds[1]);
  size_t len = 0;
  ssize_t n;
  while ((n = read(fds[0], text + len, size - 1 - len)) > 0)
    len += (size_t) n;
  text[len] = '\0';
  (void) close(fds[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

static void assert_killed(int status) {
  assert_true(WIFSIGNALED(status));
  assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

/* An emulator has a line of its own for whoever dies. */
static void assert_silent(const char *text) {
  if (strncmp(text, "qemu: uncaught", strlen("qemu: uncaught")) != 0)
    assert_string_equal(text, "");
}

/* Release builds have no words. */
static void assert_advice_on(avow_fn fn, const char *text) {
#  if AVOW__OVERFLOW
  char address[64];
  (void) snprintf(address, sizeof(address), "at 0x%" PRIxPTR " has",
                  (uintptr_t) fn);
  assert_non_null(strstr(text, "avow: the async function"));
  assert_non_null(strstr(text, address));
  assert_non_null(strstr(text,
                         "has overflowed its stack of 65536 bytes: "
                         "raise avow_options_t.stack_size\n"));
#  else
  assert_silent(text);
#  endif
}

static void assert_advice(const char *text) {
  assert_advice_on(overflow, text);
}

static void an_overflow_ends_the_process_with_advice(void **state) {
  char text[1024];

  const int status = status_of(run_overflow, text, sizeof(text));

  assert_killed(status);
  assert_advice(text);
}

static void a_frame_that_jumps_over_pages_does_too(void **state) {
  char text[1024];

  const int status = status_of(run_jump, text, sizeof(text));

  assert_killed(status);
  assert_advice_on(jump, text);
}

static void an_overflow_on_another_thread_does_too(void **state) {
  char text[1024];

  const int status = status_of(overflow_on_thread, text, sizeof(text));

  assert_killed(status);
  assert_advice(text);
}

static void threads_that_ended_change_nothing(void **state) {
  char text[1024];

  const int status = status_of(overflow_after_threads, text, sizeof(text));

  assert_killed(status);
  assert_advice(text);
}

static void other_faults_end_the_process_without_a_word(void **state) {
  char text[1024];

  const int status = status_of(run_fault, text, sizeof(text));

  assert_killed(status);
  assert_silent(text);
}

static void faults_that_are_sent_end_it_too(void **state) {
  char text[1024];

  const int status = status_of(run_sent_fault, text, sizeof(text));

  assert_killed(status);
  assert_silent(text);
}

static void faults_that_are_sent_may_be_ignored(void **state) {
  void (*const fns[])(void) = { ignore_sent_faults,
                                ignore_sent_faults_with_info };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    char text[1024];

    const int status = status_of(fns[i], text, sizeof(text));

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(text, "");
  }
}

static void a_handler_of_the_program_still_gets_faults(void **state) {
  char text[1024];

  const int status = status_of(fault_with_handler, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
  assert_silent(text);
}

static void a_handler_for_one_fault_gets_one(void **state) {
  void (*const fns[])(void) = { fault_with_raiser, fault_with_returner };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    char text[1024];

    const int status = status_of(fns[i], text, sizeof(text));

    assert_killed(status);
    assert_memory_equal(text, "report", 6);
    assert_silent(text + 6);
  }
}

static void a_handler_holds_up_the_signals_it_wants_to(void **state) {
  char text[1024];

  const int status = status_of(fault_with_mask, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
}

static void a_process_that_is_watched_exits_in_order(void **state) {
  char text[1024];

  const int status = status_of(leave_in_order, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
  assert_silent(text);
}

static void nobody_handles_signals_unasked(void **state) {
  char text[1024];

  const int status = status_of(look_for_handlers, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
}

static void an_overflow_has_no_words_unasked(void **state) {
  char text[1024];

  const int status = status_of(overflow_unasked, text, sizeof(text));

  assert_killed(status);
  assert_silent(text);
}

static void an_overflow_has_words_for_who_asks(void **state) {
  char text[1024];

  const int status = status_of(overflow_asked, text, sizeof(text));

  assert_killed(status);
  assert_advice(text);
}

#  if AVOW__OVERFLOW
static void a_handler_of_the_program_comes_after_the_advice(void **state) {
  char text[1024];

  const int status = status_of(overflow_with_handler, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
  assert_advice(text);
}

static void an_overflow_that_cannot_be_watched_has_no_words(void **state) {
  void (*const fns[])(void) = { overflow_without_keys,
                                overflow_without_memory };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    char text[1024];

    const int status = status_of(fns[i], text, sizeof(text));

    assert_killed(status);
    assert_silent(text);
  }
}

static void a_stack_of_the_program_for_handlers_stays(void **state) {
  char text[1024];

  const int status = status_of(overflow_with_own_stack, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), HANDLED);
  assert_advice(text);
}
#  endif

#  if AVOW__OVERFLOW && defined(AVOW_TRACE)
static void the_advice_says_where_it_awaited(void **state) {
  char text[1024];

  const int status = status_of(overflow_after_await, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_non_null(strstr(text, ", which awaited at here.c:12, has overflowed"));
}

static void the_advice_is_cut_where_it_is_too_long(void **state) {
  char text[1024];

  const int status = status_of(overflow_far_away, text, sizeof(text));

  assert_true(WIFEXITED(status));
  assert_non_null(strstr(text, ", which awaited at ////"));
  assert_int_equal(strlen(text), 512);
}
#  endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_overflow_ends_the_process_with_advice),
    cmocka_unit_test(a_frame_that_jumps_over_pages_does_too),
    cmocka_unit_test(an_overflow_on_another_thread_does_too),
    cmocka_unit_test(threads_that_ended_change_nothing),
    cmocka_unit_test(other_faults_end_the_process_without_a_word),
    cmocka_unit_test(faults_that_are_sent_end_it_too),
    cmocka_unit_test(faults_that_are_sent_may_be_ignored),
    cmocka_unit_test(a_handler_of_the_program_still_gets_faults),
    cmocka_unit_test(a_handler_for_one_fault_gets_one),
    cmocka_unit_test(a_handler_holds_up_the_signals_it_wants_to),
    cmocka_unit_test(a_process_that_is_watched_exits_in_order),
    cmocka_unit_test(nobody_handles_signals_unasked),
    cmocka_unit_test(an_overflow_has_no_words_unasked),
    cmocka_unit_test(an_overflow_has_words_for_who_asks),
#  if AVOW__OVERFLOW
    cmocka_unit_test(a_handler_of_the_program_comes_after_the_advice),
    cmocka_unit_test(an_overflow_that_cannot_be_watched_has_no_words),
    cmocka_unit_test(a_stack_of_the_program_for_handlers_stays),
#  endif
#  if AVOW__OVERFLOW && defined(AVOW_TRACE)
    cmocka_unit_test(the_advice_says_where_it_awaited),
    cmocka_unit_test(the_advice_is_cut_where_it_is_too_long),
#  endif
  };
  return RUN(tests);
}

#endif
