/* SPDX-License-Identifier: MIT */
/*
 * What the tests of stacks that overflow share: fibers that do, and processes
 * of their own for them. No test makes a fiber in its own process, where the
 * handlers would stay.
 */
#ifndef OVERFLOWING_H
#define OVERFLOWING_H

#include "fiber/fiber.h"
#include "harness.h"

enum { SIZE = 64 * 1024, GUARD = 2 * SIZE, HANDLED = 7 };

/* Tools that watch would speak of it first. */
#if AVOW__ASAN || AVOW__TSAN || defined(WATCHED)
#  define TOOLS_WATCH 1
#else
#  define TOOLS_WATCH 0
#endif

/* Processes that end as these do say nothing of what they reached. */
void save_coverage(void);

/* What fibers run. */
avow_value_t overflow(void *data);
avow_value_t fault(void *data);

/* Runs an avow_fn, as a thread, too. It comes back if a fault is of no
   consequence. */
void in_fiber(void *fn);
void run_in_fiber(avow_fn fn);
void run_overflow(void);

/* The handler that a program has: it ends with HANDLED. */
void end_handled(int sig);
void overflow_with_handler(void);
struct sigaction;
void handle_faults(const struct sigaction *action); /* of either kind */

/* Takes a fiber, and so has overflows reported; also to be a thread. */
void quiet_thread(void *data);

/* How a process that ran fn ended, and what it said. */
typedef struct {
  int status;
  char text[1024];
} ending_t;
ending_t ending_of(void (*fn)(void));

void assert_killed(const ending_t *ending);
void assert_exits(const ending_t *ending, int code);
void assert_silent(const char *text);
/* Release builds have no words. */
void assert_advice_on(avow_fn fn, const char *text);
void assert_advice(const ending_t *ending); /* on overflow() */

#endif
