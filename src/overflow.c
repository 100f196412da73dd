/*
 * Faults in the guard below a fiber, which the system would report as any
 * other: one line that says what to do, then whoever handled faults before. A
 * handler on an alternate stack, for there is no room left on the fiber's;
 * it calls nothing that must not be called there, stdio included. Names of
 * functions are left to the debugger: dladdr() knows no static ones.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "overflow.h"

#if AVOW__OVERFLOW

#  include <pthread.h>
#  include <signal.h>
#  include <stdint.h>
#  include <string.h>
#  include <unistd.h>

#  include "fiber.h"

enum { SIZE = 64 * 1024, LINE = 512 }; /* SIZE is of whole pages anywhere */

typedef struct {
  char text[LINE];
  size_t len;
} line_t;

static uv_once_t once = UV_ONCE_INIT;
static struct sigaction on_segv, on_bus; /* who had them before */
static pthread_key_t own_stack;          /* freed with its thread */
static bool has_key;
static _Thread_local bool watched;

static void put(line_t *line, const char *text) {
  for (; *text != '\0' && line->len < LINE; text++)
    line->text[line->len++] = *text;
}

static void put_number(line_t *line, uintptr_t n, unsigned base) {
  char digits[sizeof(n) * 8 + 1] = "";
  char *at = &digits[sizeof(digits) - 1];
  do
    *--at = "0123456789abcdef"[n % base];
  while ((n /= base) > 0);
  put(line, at);
}

static void put_await(line_t *line, const avow__fiber_t *f) {
#  ifdef AVOW_TRACE
  if (f->file == NULL)
    return;
  put(line, ", which awaited at ");
  put(line, f->file);
  put(line, ":");
  put_number(line, (uintptr_t) f->line, 10);
  put(line, ",");
#  else
  (void) line;
  (void) f;
#  endif
}

static void advise(const avow__fiber_t *f) {
  line_t line = { .len = 0 };
  put(&line, "avow: the async function at 0x");
  put_number(&line, (uintptr_t) f->fn, 16);
  put_await(&line, f);
  put(&line, " has overflowed its stack of ");
  put_number(&line, f->stack.size, 10);
  put(&line, " bytes: raise avow_options_t.stack_size\n");
  (void) !write(STDERR_FILENO, line.text,
                line.len); /* nowhere else to say it */
}

/* Faults have numbers from 1 on. What was sent has others: Linux's are negative
   or 0, those of BSDs and of macOS from SI_USER on, 0x10001. */
static bool was_sent(const siginfo_t *info) {
  return (unsigned) info->si_code - 1 >= 0x10000;
}

/* A fault comes again, one that was sent does not. */
static void leave_to_system(int sig, const siginfo_t *info,
                            const struct sigaction *before) {
  (void) sigaction(sig, before, NULL); /* its own, cannot fail */
  if (was_sent(info))
    (void) raise(sig); /* likewise */
}

static void on_fault(int sig, siginfo_t *info, void *context) {
  const struct sigaction *before = sig == SIGSEGV ? &on_segv : &on_bus;
  const avow__fiber_t *f = avow__fiber_now;
  if (f != NULL && avow__stack_guards(f->stack, info->si_addr))
    advise(f);
  /* As for the system: the two are no functions, whatever the flags say. */
  if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN)
    leave_to_system(sig, info, before);
  else if ((before->sa_flags & SA_SIGINFO) != 0)
    before->sa_sigaction(sig, info, context);
  else
    before->sa_handler(sig);
}

static void free_stack(void *bottom) {
  const stack_t none = { .ss_flags = SS_DISABLE };
  (void) sigaltstack(&none, NULL); /* the thread ends in any case */
  avow__stack_unmap((avow__stack_t){ bottom, SIZE, SIZE });
}

static void install(void) {
  struct sigaction action = { .sa_sigaction = on_fault,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK };
  has_key = pthread_key_create(&own_stack, free_stack) == 0;
  if (!has_key)
    return;
  (void) sigemptyset(&action.sa_mask);          /* cannot fail */
  (void) sigaction(SIGSEGV, &action, &on_segv); /* likewise */
  (void) sigaction(SIGBUS, &action, &on_bus);   /* likewise */
}

void avow__overflow_watch(void) {
  stack_t before = { .ss_flags = 0 };
  if (watched)
    return;
  watched = true;
  uv_once(&once, install);
  (void) sigaltstack(NULL, &before); /* cannot fail */
  if (!has_key || (before.ss_flags & SS_DISABLE) == 0)
    return;
  avow__stack_t stack;
  if (avow__stack_map(SIZE, SIZE, &stack) != 0)
    return; /* dies without a word, then */
  (void) pthread_setspecific(own_stack, stack.bottom); /* else it stays */
  const stack_t own = { .ss_sp = stack.bottom, .ss_size = stack.size };
  (void) sigaltstack(&own, NULL); /* cannot fail */
}

#else

typedef int avow__nothing_t; /* C wants a declaration in each file */

#endif
