/*
 * Handlers of the signals that a program's mistakes end it with. They say what
 * has to be said, and leave the rest to what was there before. A stack of their
 * own is for functions that have overflowed theirs.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700

#include "sim/last_words.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 5, LONGEST = 300, STACK = 64 * 1024 };

static const int signals[SIGNALS] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
                                      SIGILL };

static struct {
  struct sigaction before[SIGNALS];
  stack_t stack_before;
  bool ready;
  char words[LONGEST];
} last;

/* What happened happens once more, to whoever was there before. */
static void speak(int number) {
  const ssize_t said = write(STDERR_FILENO, last.words, strlen(last.words));
  (void) said; /* there is nobody else to tell */
  for (int i = 0; i < SIGNALS; i++)
    (void) sigaction(signals[i], &last.before[i], NULL);
  (void) raise(number); /* when this has returned */
}

/* Who ends the process has ended a run, and all that were to come. */
static void speak_at_exit(void) {
  if (!last.ready)
    return;
  (void) fflush(NULL);
  const ssize_t said = write(STDERR_FILENO, last.words, strlen(last.words));
  (void) said; /* as above */
  _exit(EXIT_FAILURE);
}

static void listen_for_signals(void) {
  static char stack[STACK];
  static bool listens_for_exit;
  if (!listens_for_exit)
    listens_for_exit = atexit(speak_at_exit) == 0;
  const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
  const struct sigaction action = { .sa_handler = speak,
                                    .sa_flags = SA_ONSTACK };
  (void) sigaltstack(&own, &last.stack_before);
  for (int i = 0; i < SIGNALS; i++)
    (void) sigaction(signals[i], &action, &last.before[i]);
  last.ready = true;
}

static void forget_signals(void) {
  for (int i = 0; i < SIGNALS; i++)
    (void) sigaction(signals[i], &last.before[i], NULL);
  (void) sigaltstack(&last.stack_before, NULL);
  last.ready = false;
}

void sim_last_words(const char *words) {
  if (words == NULL) {
    if (last.ready)
      forget_signals();
    return;
  }
  (void) snprintf(last.words, sizeof(last.words), "%s\n", words);
  if (!last.ready)
    listen_for_signals();
}
