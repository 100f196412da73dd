/* SPDX-License-Identifier: MIT */
/*
 * Handles faults in the guard below a fiber's stack. A handler writes one line
 * that says what to do, then calls the handler that was installed before. It
 * runs on an alternate stack, because the fiber's stack is full. It calls only
 * async-signal-safe functions, so not stdio. Names of functions are left to the
 * debugger, because dladdr() does not know static functions.
 *
 * The handlers are installed only on request, because signals belong to the
 * program. The system treats them as it would have treated the previous
 * handlers.
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

enum { SIZE = 64 * 1024, LINE = 512 }; /* SIZE is in whole pages */

typedef struct {
  char text[LINE];
  size_t len;
} line_t;

static struct sigaction on_segv, on_bus; /* the previous handlers */
static atomic_bool begun;                /* one thread installs the handlers */
static atomic_bool installed;            /* the handlers and the key exist */

/* The alternate stack of each thread that reports overflows, which is freed
   with the thread. The value is &of_program if the program set a stack of its
   own. */
static pthread_key_t own_stack;
static char of_program;

static void overflow_put(line_t *line, const char *text) {
  for (; *text != '\0' && line->len < LINE; text++)
    line->text[line->len++] = *text;
}

static void put_number(line_t *line, uintptr_t n, unsigned base) {
  char digits[sizeof(n) * 8 + 1] = "";
  char *at = &digits[sizeof(digits) - 1];
  do
    *--at = "0123456789abcdef"[n % base];
  while ((n /= base) > 0);
  overflow_put(line, at);
}

static void advise(const avow__fiber_t *f) {
  line_t line = { .len = 0 };
  overflow_put(&line, "avow: the async function at 0x");
  put_number(&line, (uintptr_t) f->fn, 16);
  overflow_put(&line, " has overflowed its stack of ");
  put_number(&line, f->stack.size, 10);
  overflow_put(&line, " bytes: raise avow_options_t.stack_size\n");
  (void) !write(STDERR_FILENO, line.text,
                line.len); /* there is no other place to report a failure */
}

/* Codes of faults begin at 1. Codes of signals that were sent are negative or 0
   on Linux, and start at SI_USER, 0x10001, on BSD and macOS. */
static bool was_sent(const siginfo_t *info) {
  return (unsigned) info->si_code - 1 >= 0x10000;
}

/* After a fault, the instruction runs again and faults again. A signal that was
   sent must be raised again. */
static void leave_to_system(int sig, const siginfo_t *info,
                            const struct sigaction *before) {
  (void) sigaction(sig, before, NULL); /* valid, cannot fail */
  if (was_sent(info))
    (void) raise(sig); /* a valid signal, cannot fail */
}

/* Whether the action is a function. SIG_DFL and SIG_IGN are none, whatever the
   flags are. */
static bool is_function(const struct sigaction *action) {
  return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

/* On other threads, avow__fiber_now may not be allocated yet, and allocating it
   may call malloc(). */
static bool reports_here(void) {
  return pthread_getspecific(own_stack) != NULL;
}

static void on_fault(int sig, siginfo_t *info, void *context) {
  const struct sigaction *before = sig == SIGSEGV ? &on_segv : &on_bus;
  const avow__fiber_t *f = reports_here() ? avow__fiber_now : NULL;
  if (f != NULL && avow__stack_guards(f->stack, info->si_addr))
    advise(f);
  if (!is_function(before))
    leave_to_system(sig, info, before);
  else if ((before->sa_flags & SA_SIGINFO) != 0)
    before->sa_sigaction(sig, info, context);
  else
    before->sa_handler(sig);
}

static void free_stack(void *bottom) {
  if (bottom == &of_program)
    return;
  const stack_t none = { .ss_flags = SS_DISABLE };
  (void) sigaltstack(&none, NULL); /* the thread ends even if this fails */
  avow__stack_unmap((avow__stack_t){ bottom, SIZE, SIZE });
}

/* Installs on_fault() with the mask and the flags of the previous handler,
   which on_fault() calls. It runs only once if the previous handler asked for
   that. */
static void handle(int sig, struct sigaction *before) {
  (void) sigaction(sig, NULL, before); /* only reads, cannot fail */
  struct sigaction action = { .sa_sigaction = on_fault,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK };
  (void) sigemptyset(&action.sa_mask); /* cannot fail */
  if (is_function(before)) {
    action.sa_mask = before->sa_mask;
    action.sa_flags |=
        before->sa_flags & (int) (SA_RESETHAND | SA_NODEFER | SA_RESTART);
  }
  (void) sigaction(sig, &action, NULL); /* cannot fail */
}

static void overflow_give_back(int sig, const struct sigaction *before) {
  struct sigaction now;
  (void) sigaction(sig, NULL, &now); /* only reads, cannot fail */
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault)
    (void) sigaction(sig, before, NULL); /* valid, cannot fail */
}

/* Threads that continue to run keep their alternate stacks. */
static AVOW__AT_UNLOAD void overflow_leave(void) {
  if (!atomic_load(&installed))
    return;
  overflow_give_back(SIGSEGV, &on_segv);
  overflow_give_back(SIGBUS, &on_bus);
  (void) pthread_key_delete(own_stack); /* the key exists */
}

/* Installs the handlers on one thread. Threads that call this too early return
   false and try again with their next fiber. */
static bool install(void) {
  if (atomic_load(&installed))
    return true;
  if (atomic_exchange(&begun, true) ||
      pthread_key_create(&own_stack, free_stack) != 0)
    return false;
  handle(SIGSEGV, &on_segv);
  handle(SIGBUS, &on_bus);
  atomic_store(&installed, true);
  return true;
}

/* Returns the bottom of a stack on which this thread's signal handlers now run;
   NULL if out of memory. */
static void *make_stack(void) {
  avow__stack_t stack;
  if (avow__stack_map(SIZE, SIZE, &stack) != 0)
    return NULL; /* an overflow then ends the process without a message */
  const stack_t own = { .ss_sp = stack.bottom, .ss_size = stack.size };
  (void) sigaltstack(&own, NULL); /* cannot fail */
  return stack.bottom;
}

void avow__overflow_report(void) {
  stack_t before = { .ss_flags = 0 };
  if (!install() || reports_here())
    return;
  (void) sigaltstack(NULL, &before); /* cannot fail */
  void *stack =
      (before.ss_flags & SS_DISABLE) != 0 ? make_stack() : &of_program;
  (void) pthread_setspecific(own_stack, stack); /* if it fails, the stack is
                                                   never freed */
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
