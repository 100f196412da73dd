/* SPDX-License-Identifier: MIT */
#include "overflowing.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fiber/overflow.h"

#ifdef COVERAGE
#  include <gcov.h>
#endif

static const avow__fibers_t small = { .stack_size = SIZE, .guard_size = GUARD };

void save_coverage(void) {
#ifdef COVERAGE
  __gcov_dump();
  __gcov_reset(); /* the process may count more */
#endif
}

/* Touches each page on its way down, beyond any end. */
static int64_t dig(volatile char *above, int64_t depth) {
  volatile char frame[256];
  frame[0] = above[0];
  return depth == 0 ? frame[0] : dig(frame, depth - 1) + frame[0];
}

avow_value_t overflow(void *data) {
  volatile char first[1] = { 1 };
  save_coverage();
  return avow_int(dig(first, SIZE));
}

avow_value_t fault(void *data) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
  return avow_none();
}

void in_fiber(void *fn) {
  avow__fibers_t fibers = small;
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), 0);
  f->fn = *(avow_fn *) fn;
  (void) avow__fiber_resume(&avow__fiber_now, f, avow_none()); /* none */
}

void run_in_fiber(avow_fn fn) {
  in_fiber(&fn);
}

void run_overflow(void) {
  run_in_fiber(overflow);
}

void handle_faults(const struct sigaction *action) {
  (void) sigaction(SIGSEGV, action, NULL); /* cannot fail */
  (void) sigaction(SIGBUS, action, NULL);  /* likewise */
}

void end_handled(int sig) {
  save_coverage();
  _exit(HANDLED);
}

void quiet_thread(void *data) {
  avow__fibers_t fibers = small;
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), 0);
  avow__fiber_discard(&fibers, f);
}

bool handlers_are(void (*segv)(int), void (*bus)(int)) {
  struct sigaction on_segv, on_bus;
  (void) sigaction(SIGSEGV, NULL, &on_segv); /* these calls only read */
  (void) sigaction(SIGBUS, NULL, &on_bus);
  return on_segv.sa_handler == segv && on_bus.sa_handler == bus;
}

bool has_signal_stack(void) {
  stack_t stack;
  (void) sigaltstack(NULL, &stack); /* only reads */
  return (stack.ss_flags & SS_DISABLE) == 0;
}

bool reports_overflows(void) {
  return has_signal_stack() && !handlers_are(SIG_DFL, SIG_DFL);
}

bool leaves_signals_alone(void) {
  return !has_signal_stack() && handlers_are(SIG_DFL, SIG_DFL);
}

static avow_value_t do_nothing(void *data) {
  return avow_none();
}

void open_loop(uv_loop_t *own) {
  assert_int_equal(uv_loop_init(own), 0);
  assert_int_equal(avow_loop_init(own, &steady), 0);
  avow_unref(avow_async(own, do_nothing, NULL));
}

void close_loop(uv_loop_t *own) {
  assert_int_equal(avow_loop_close(own), 0);
  assert_int_equal(uv_loop_close(own), 0);
}

/* Runs in the child. */
static void run_alone(void (*fn)(void), int out) {
  (void) signal(SIGSEGV, SIG_DFL); /* the handler of cmocka would continue */
  (void) signal(SIGBUS, SIG_DFL);  /* likewise */
  (void) dup2(out, STDERR_FILENO);
  fn();
  save_coverage();
  _exit(0);
}

ending_t ending_of(void (*fn)(void)) {
  ending_t ending = { .status = 0 };
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    run_alone(fn, fds[1]);
  (void) close(fds[1]);
  size_t len = 0;
  ssize_t n;
  while ((n = read(fds[0], ending.text + len, sizeof(ending.text) - 1 - len)) >
         0)
    len += (size_t) n;
  (void) close(fds[0]);
  assert_int_equal(waitpid(child, &ending.status, 0), child);
  return ending;
}

void assert_killed(const ending_t *ending) {
  const int status = ending->status;
  assert_true(WIFSIGNALED(status));
  assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

void assert_exits(const ending_t *ending, int code) {
  assert_true(WIFEXITED(ending->status));
  assert_int_equal(WEXITSTATUS(ending->status), code);
}

/* An emulator prints a line of its own when a process dies. */
void assert_silent(const char *text) {
  if (strncmp(text, "qemu: uncaught", strlen("qemu: uncaught")) != 0)
    assert_string_equal(text, "");
}

void assert_advice_on(avow_fn fn, const char *text) {
#if AVOW__OVERFLOW
  char address[64];
  (void) snprintf(address, sizeof(address), "at 0x%" PRIxPTR " overflowed",
                  (uintptr_t) fn);
  assert_non_null(strstr(text, "avow: async function "));
  assert_non_null(strstr(text, address));
  assert_non_null(strstr(text, " overflowed its stack of "));
  assert_non_null(strstr(text, " bytes; raise avow_options_t.stack_size\n"));
#else
  assert_silent(text);
#endif
}

void assert_advice(const ending_t *ending) {
  assert_advice_on(overflow, ending->text);
}
