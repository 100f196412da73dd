/* SPDX-License-Identifier: MIT */
/*
 * Calls that are refused: what libuv and the system do not refuse where tests
 * run, but may elsewhere. The linker has calls of a test's, __wrap_X() in place
 * of X(), come before theirs.
 */
#ifndef REFUSING_H
#define REFUSING_H

#include <stdatomic.h>

#include "disk.h"

/* What the calls of a function give in place of what they would. */
typedef struct {
  int err;
  int after;        /* so many calls that are as ever */
  int times;        /* so many that are not */
  atomic_int calls; /* by whichever threads */
} refusal_t;

extern const refusal_t never;
refusal_t once(int err);
refusal_t always(int err);

/* Whether this call is one of those. */
bool refuses(refusal_t *refusal);
/* Does as a failing call of the system's: -1, and errno. */
int refused(const refusal_t *refusal);

/* Jobs that are to stop in the midst: they stay where they call hold_up(), and
   time stands still, until they are not wanted, or held up, any more. */
void start_holding_up(void);
void stop_holding_up(void);
void hold_up(void);
void run_until_held_up(void); /* the loop */

/* What another thread of the program may do meanwhile: once, if *name is not
   NULL, the process goes to that directory. */
void go_to(const char **name);

/* A directory, and nothing that is refused; the process is where it was. */
int refusing_setup(void **state);
void make_tree(void); /* a/b/file in it */

#endif
