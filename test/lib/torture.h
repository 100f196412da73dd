/* SPDX-License-Identifier: MIT */
/*
 * Torture: runs a program again and again, each time with another allocation of
 * avow or of libuv failing, and checks that it ends and leaves nothing behind.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include "harness.h"

/* What has to happen exactly once, whatever fails: a handler of finally, the
   end of attached data, the end of an object. */
typedef struct duty_s {
  struct duty_s *next;
  int done;
  avow_deferred_t *deferred; /* dropped with it, unless NULL */
} duty_t;

duty_t *duty_new(void);
void duty_end(void *data);
avow_value_t duty_fn(void *data);
avow_value_t slow_duty_fn(void *data); /* follows the next turn */

/* An object whose end is a duty. */
avow_value_t duty_object(void);

/* For handlers: their data, a duty, must not have ended yet. */
void use(const void *data);
avow_value_t pass_cb(const avow_value_t *arg, void *data);
avow_value_t thing_cb(const avow_value_t *arg, void *data);

/* Resolves d from a job; if that comes to nothing, d is dropped. */
void resolve_later(avow_deferred_t *d);

/* Notes what is wrong; the test fails with it once all is cleaned up. */
void check(bool fine, const char *what);

/* For loops of a program's own: takes unhandled rejections silently. */
extern const avow_options_t quiet;

/* Programs. Each gives the promise of its end. */
typedef avow_promise_t *(*program_fn)(void);

/* Runs the program with each allocation failing, once and from then on, to its
   end and with its loop closed meanwhile. Does that with each third number of
   promises to spare, or with every number where $THOROUGH is set. */
void survive(program_fn program);

/* Runs the program like survive(), with numbers of promises to spare that are
   `step` apart, where the program takes its time. */
void survive_some(program_fn program, int step);

/* The same on a loop with that clock. */
void survive_by(avow_clock_t clock, program_fn program);
void survive_some_by(avow_clock_t clock, program_fn program, int step);

/* The setup of a group. Lets libuv's allocations fail too, but not those of its
   thread pool: it ends the process if that cannot start. */
int start_pool(void **state);

/* The same for programs that ask nothing of files. Before 1.49 each loop may
   have a ring of the kernel's for that, which takes milliseconds: too much for
   loops by the thousand. */
int start_pool_alone(void **state);

#endif
