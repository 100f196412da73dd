/* SPDX-License-Identifier: MIT */
/*
 * Torture: runs a program repeatedly. In each run, another allocation of avow
 * or of libuv fails. The program must end and leave nothing behind.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include "harness.h"

/* An event that must happen exactly once despite failures: a finally handler,
   the end of attached data, or the end of an object. */
typedef struct duty_s {
  struct duty_s *next;
  int done;
  avow_deferred_t *deferred; /* dropped with it, unless NULL */
} duty_t;

duty_t *duty_new(void);
void duty_end(void *data);
avow_value_t duty_fn(void *data);
avow_value_t slow_duty_fn(void *data); /* follows the next iteration */

/* Returns an object whose end is a duty. */
avow_value_t duty_object(void);

/* For handlers: their data, a duty, must not have ended yet. */
void use(const void *data);
avow_value_t pass_cb(const avow_value_t *arg, void *data);
avow_value_t thing_cb(const avow_value_t *arg, void *data);

/* Resolves `d` from a job. Drops `d` if that fails. */
void resolve_later(avow_deferred_t *d);

/* Records a failed check. The test fails with the first one after the
   cleanup. */
void check(bool fine, const char *what);

/* For loops of a program: ignores unhandled rejections. */
extern const avow_options_t quiet;

/* A program. It returns the promise of its end. */
typedef avow_promise_t *(*program_fn)(void);

/* Runs the program with each allocation failing, once and from then on, both to
   its end and with the loop closed meanwhile. Repeats that with each third
   number of spare promises, or with every number if $THOROUGH is set. */
void survive(program_fn program);

/* Runs a slow program like survive(), with numbers of spare promises that are
   `step` apart. */
void survive_some(program_fn program, int step);

/* Runs the program like survive(), on a loop with that clock. */
void survive_by(avow_clock_t clock, program_fn program);
void survive_some_by(avow_clock_t clock, program_fn program, int step);

/* Setup of a group. libuv's allocations fail too, except those of its thread
   pool, because libuv aborts if the pool cannot start. */
int start_pool(void **state);

/* Setup like start_pool() for programs that use no files. Before libuv 1.49,
   each loop may open an io_uring ring for files. That takes milliseconds, which
   is too slow for thousands of loops. */
int start_pool_alone(void **state);

#endif
