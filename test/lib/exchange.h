/* SPDX-License-Identifier: MIT */
/* Fixture: a process that exchanges entries of a directory during a test. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "disk.h"

/* Number of rounds of a race: $ROUNDS, or a few by default. */
int rounds(void);

/* Starts a process that exchanges `name`/0 and `name`/0-link, then `name`/1 and
   `name`/1-link, up to `pairs` pairs, repeatedly. All are in the test's
   directory. */
uv_pid_t start_exchanging(const char *name, int pairs);
void stop_exchanging(uv_pid_t pid);

/* Creates the directory `name` with `pairs` directories that have an entry, and
   `pairs` links to the directory `outside`. */
void make_pairs(const char *name, int pairs, const char *outside);

#endif
