/* SPDX-License-Identifier: MIT */
/*
 * Handlers for the signals that end a faulty program. They print how to replay
 * the run, and then let the previous handlers act. The handlers have a stack of
 * their own, because the program may have overflowed its stack.
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
  (void) said; /* there is no other place to report a failure */
}

/* An earlier failure of the run is printed first, because it is the likely
   cause. */
static void say_all(const char *what) {
  if (sim_world.on && sim_world.why[0] != '\0') {
    say("avow_sim: the run had failed: ");
    say(sim_world.why);
    say("\n");
  }
  say(what);
  say("avow_sim: to repeat it: ");
  say(last.command);
  say("\n");
}

/* Restores the previous handlers and raises the signal again. */
static void speak(int number) {
  say_all(
      "avow_sim: a signal ended the program during a run: this is its "
      "own crash, not one of the simulated machine\n");
  for (int i = 0; i < SIGNALS; i++)
    (void) sigaction(signals[i], &last.before[i], NULL);
  (void) raise(number); /* delivered when this handler returns */
}

/* A program that calls exit() ends the run and all runs that would follow. */
static void speak_at_exit(void) {
  if (!last.ready)
    return;
  (void) fflush(NULL);
  say_all("avow_sim: the program called exit() during a run\n");
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
