/* SPDX-License-Identifier: MIT */
/*
 * Fixture for tests of stack overflows: fibers that overflow, each in a process
 * of its own. No test makes a fiber in its own process, because avow's signal
 * handlers would stay.
 */
#ifndef OVERFLOWING_H
#define OVERFLOWING_H

#include "fiber/fiber.h"
#include "harness.h"

enum { SIZE = 64 * 1024, GUARD = 2 * SIZE, HANDLED = 7 };

/* Tools that watch memory would report the overflow first. */
#if AVOW__ASAN || AVOW__TSAN || defined(WATCHED)
#  define TOOLS_WATCH 1
#else
#  define TOOLS_WATCH 0
#endif

/* Writes the coverage, because processes that crash would not write it. */
void save_coverage(void);

/* The function that fibers run. */
avow_value_t overflow(void *data);
avow_value_t fault(void *data);

/* Runs an avow_fn. Usable as a thread too. It returns if the fault has no
   consequence. */
void in_fiber(void *fn);
void run_in_fiber(avow_fn fn);
void run_overflow(void);

/* The handler of a program. It exits with HANDLED. */
void end_handled(int sig);
struct sigaction;
void handle_faults(const struct sigaction *action); /* of either kind */

/* Takes a fiber, so that overflows are reported. Usable as a thread too. */
void quiet_thread(void *data);

/* The state of the signals. */
bool handlers_are(void (*segv)(int), void (*bus)(int));
bool has_signal_stack(void);
bool reports_overflows(void); /* handlers and a stack for them are installed */
bool leaves_signals_alone(void);

/* Loops as programs use them. Opening also runs an async function. */
void open_loop(uv_loop_t *own);
void close_loop(uv_loop_t *own);

/* The exit of a process that ran fn, and its output. */
typedef struct {
  int status;
  char text[1024];
} ending_t;
ending_t ending_of(void (*fn)(void));

void assert_killed(const ending_t *ending);
void assert_exits(const ending_t *ending, int code);
void assert_silent(const char *text);
/* Release builds print no advice. */
void assert_advice_on(avow_fn fn, const char *text);
void assert_advice(const ending_t *ending); /* about overflow() */

#endif
