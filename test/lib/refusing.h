/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail on demand. libuv and the system do not fail them where tests
 * run, but may do so on other systems. The linker replaces X() by __wrap_X().
 */
#ifndef REFUSING_H
#define REFUSING_H

#include <stdatomic.h>

#include "disk.h"

/* Describes the calls of a function that fail. */
typedef struct {
  int err;
  int after;        /* number of calls that succeed first */
  int times;        /* number of calls that fail then */
  atomic_int calls; /* so far, on all threads */
} refusal_t;

extern const refusal_t never;
refusal_t once(int err);
refusal_t always(int err);

/* Tells whether the current call fails. */
bool refuses(refusal_t *refusal);
/* Fails like a system call: returns -1 and sets errno. */
int refused(const refusal_t *refusal);

/* Jobs that stop halfway. Each waits in hold_up() until it is canceled or until
   the test no longer holds jobs. The virtual clock stands still meanwhile. */
void start_holding_up(void);
void stop_holding_up(void);
void hold_up(void);
void run_until_held_up(void); /* runs the loop */

/* Simulates another thread of the program. The process changes to the directory
   `*name` once, unless `*name` is NULL. */
void go_to(const char **name);

/* Creates a directory and refuses no call. The process is in its initial
   directory. */
int refusing_setup(void **state);
void make_tree(void); /* creates a/b/file in the directory */

#endif
