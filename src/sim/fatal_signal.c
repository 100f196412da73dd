/* SPDX-License-Identifier: MIT */
/*
 * Handlers of the signals that a program's mistakes end it with. They say what
 * has to be said, and leave the rest to what was there before. A stack of their
 * own is for functions that have overflowed theirs.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700

#include "sim/fatal_signal.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/world.h"

enum { SIGNALS = 5, STACK = 64 * 1024 };

static const int signals[SIGNALS] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
                                      SIGILL };

static struct {
  struct sigaction before[SIGNALS];
  stack_t stack_before;
  bool ready;
  char *command;
} last;

static void say(const char *words) {
  const ssize_t said = write(STDERR_FILENO, words, strlen(words));
  (void) said; /* there is nobody else to tell */
}

/* What the run has failed of before comes first: most likely that is why. */
static void say_all(const char *what) {
  if (sim_world.on && sim_world.why[0] != '\0') {
    say("avow_sim: the run had failed before: ");
    say(sim_world.why);
    say("\n");
  }
  say(what);
  say("avow_sim: to have it again: ");
  say(last.command);
  say("\n");
}

/* What happened happens once more, to whoever was there before. */
static void speak(int number) {
  say_all(
      "avow_sim: a signal ends the program itself, in a run: that is its "
      "own, and no crash of the machine that is simulated\n");
  for (int i = 0; i < SIGNALS; i++)
    (void) sigaction(signals[i], &last.before[i], NULL);
  (void) raise(number); /* when this has returned */
}

/* Who ends the process has ended a run, and all that were to come. */
static void speak_at_exit(void) {
  if (!last.ready)
    return;
  (void) fflush(NULL);
  say_all("avow_sim: the program has called exit() in a run\n");
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

void sim_fatal_signal_tell(char *command) {
  if (command == NULL && last.ready)
    forget_signals();
  free(last.command);
  last.command = command;
  if (command != NULL && !last.ready)
    listen_for_signals();
}
