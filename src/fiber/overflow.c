/* SPDX-License-Identifier: MIT */
/*
 * Reports fibers that overflow their stacks. A signal handler writes one line
 * that says what to do, and then restores the default action, which ends the
 * process. It runs on an alternate stack, because the fiber's stack is full. It
 * calls only async-signal-safe functions, so not stdio. Names of functions are
 * left to the debugger, because dladdr() does not know static functions.
 *
 * Signals belong to the program. A handler is installed only in place of the
 * default action, and removed only while it is still installed. No handler of
 * other code is replaced or stored. Such code may be another copy of avow.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "fiber/overflow.h"

#if AVOW__OVERFLOW

#  include <pthread.h>
#  include <signal.h>
#  include <stdatomic.h>
#  include <stdint.h>
#  include <string.h>
#  include <unistd.h>

#  include "fiber/fiber.h"

/* SIZE is in whole pages. All pieces of a line but one are short. */
enum { SIZE = 64 * 1024, REPORT_LINE = 512, PIECE = 128 };

static atomic_uint fiber_loops; /* number of loops that have made fibers */
static atomic_bool changing;    /* a thread changes the handlers or the key */
static atomic_bool has_key;     /* own_stack exists */
static atomic_bool installed;   /* at least one handler is */

/* Each thread's alternate stack; &of_program if the program set one. It has no
   destructor: a thread could call it while another one unloads the library. */
static pthread_key_t own_stack;
static char of_program;
static _Thread_local unsigned loops_here; /* of these, on this thread */

static char *overflow_put(char *at, const char *text) {
  for (int left = PIECE; left > 0 && *text != '\0'; left--)
    *at++ = *text++;
  return at;
}

static char *put_number(char *at, uintptr_t n, unsigned base) {
  char digits[sizeof(n) * 8 + 1] = "";
  char *first = &digits[sizeof(digits) - 1];
  do
    *--first = "0123456789abcdef"[n % base];
  while ((n /= base) > 0);
  return overflow_put(at, first);
}

static void advise(const avow__fiber_t *f) {
  char line[REPORT_LINE];
  char *at = overflow_put(line, "avow: async function ");
  at = overflow_put(at, f->name != NULL ? f->name : "");
  at = overflow_put(at, f->name != NULL ? " at 0x" : "at 0x");
  at = put_number(at, (uintptr_t) f->fn, 16);
  at = overflow_put(at, " overflowed its stack of ");
  at = put_number(at, f->stack.size, 10);
  at = overflow_put(at, " bytes; raise avow_options_t.stack_size\n");
  (void) !write(STDERR_FILENO, line, (size_t) (at - line)); /* may fail */
}

/* On other threads, the first use of avow__fiber_now may call malloc(). */
static bool reports_here(void) {
  return pthread_getspecific(own_stack) != NULL;
}

/* After a fault, the instruction runs and faults again. A signal that was sent
   is raised again. Codes of faults begin at 1. Codes of signals that were sent
   are at most 0 on Linux, and start at SI_USER, 0x10001, on BSD and macOS. */
static void on_fault(int sig, siginfo_t *info, void *context) {
  const struct sigaction usual = { .sa_handler = SIG_DFL };
  const avow__fiber_t *f = reports_here() ? avow__fiber_now : NULL;
  if (f != NULL && avow__stack_guards(f->stack, info->si_addr))
    advise(f);
  (void) sigaction(sig, &usual, NULL); /* this and raise() cannot fail */
  if ((unsigned) info->si_code - 1 >= 0x10000)
    (void) raise(sig);
}

static bool is_replaceable(const struct sigaction *action, bool by_ours) {
  if (by_ours)
    return action->sa_handler == SIG_DFL;
  return (action->sa_flags & SA_SIGINFO) != 0 &&
         action->sa_sigaction == on_fault;
}

/* Installs or removes the handler. False if the program has one. Another thread
   may install one meanwhile, which stays. No call can fail here. */
static bool change(int sig, bool on) {
  struct sigaction action, by = { .sa_handler = SIG_DFL };
  if (on) {
    by.sa_sigaction = on_fault;
    by.sa_flags = SA_SIGINFO | SA_ONSTACK;
  }
  (void) sigaction(sig, NULL, &action);
  if (!is_replaceable(&action, on))
    return is_replaceable(&action, !on);
  (void) sigaction(sig, &by, &action);
  if (!is_replaceable(&action, on))
    (void) sigaction(sig, &action, NULL);
  return true;
}

static bool change_both(bool on) {
  const bool segv = change(SIGSEGV, on);
  return change(SIGBUS, on) || segv;
}

/* If other code replaced the stack, it may restore it, so the stack stays. */
static void free_stack(void) {
  void *bottom = pthread_getspecific(own_stack);
  stack_t now;
  (void) pthread_setspecific(own_stack, NULL); /* no call can fail here */
  (void) sigaltstack(NULL, &now);
  if (bottom == NULL || now.ss_sp != bottom)
    return;
  now.ss_flags = SS_DISABLE;
  (void) sigaltstack(&now, NULL);
  avow__stack_unmap((avow__stack_t){ bottom, SIZE, SIZE });
}

/* Other code may have restored a handler since it was removed. */
static AVOW__AT_UNLOAD void overflow_unload(void) {
  atomic_store(&changing, true); /* for ever */
  if (!atomic_exchange(&has_key, false))
    return;
  (void) change_both(false);            /* false if others stay */
  (void) pthread_key_delete(own_stack); /* the key exists */
}

/* Installs the handlers if loops need them, otherwise removes them. If another
   thread does so already, it looks again. A child of fork() might inherit a
   locked lock. `changing`, if inherited, only prevents changes. */
static void overflow_update(void) {
  bool on;
  do {
    if (atomic_exchange(&changing, true))
      return;
    on = atomic_load(&fiber_loops) > 0;
    if (!has_key)
      has_key = pthread_key_create(&own_stack, NULL) == 0;
    if (has_key)
      installed = change_both(on) && on;
    atomic_store(&changing, false);
  } while (on != (atomic_load(&fiber_loops) > 0));
}

/* NULL if out of memory. Then an overflow is not reported. */
static void *make_stack(void) {
  avow__stack_t stack;
  if (avow__stack_map(SIZE, SIZE, &stack) != 0)
    return NULL;
  const stack_t own = { .ss_sp = stack.bottom, .ss_size = stack.size };
  (void) sigaltstack(&own, NULL); /* cannot fail */
  return stack.bottom;
}

void avow__overflow_report(bool *reports) {
  stack_t now;
  atomic_fetch_add(&fiber_loops, *reports ? 0 : 1);
  loops_here += *reports ? 0 : 1;
  *reports = true;
  if (!installed)
    overflow_update();
  if (!installed || reports_here())
    return;
  (void) sigaltstack(NULL, &now); /* cannot fail */
  void *stack = (now.ss_flags & SS_DISABLE) != 0 ? make_stack() : &of_program;
  (void) pthread_setspecific(own_stack, stack); /* else it is never freed */
}

/* A loop may close on another thread than it began on. */
void avow__overflow_end(bool reports) {
  if (!reports)
    return;
  loops_here -= loops_here > 0;
  if (loops_here == 0 && has_key)
    free_stack();
  if (atomic_fetch_sub(&fiber_loops, 1) == 1)
    overflow_update();
}

#endif
