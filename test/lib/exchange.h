/* SPDX-License-Identifier: MIT */
/* Somebody who puts one thing in the place of another meanwhile. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "disk.h"

/* How often races are run: what $ROUNDS says, or a few times. */
int rounds(void);

/* A process that exchanges name/0 and name/0-link, name/1 and name/1-link, ...,
   of which there are so many, in the test's directory, over and over. */
uv_pid_t start_exchanging(const char *name, int pairs);
void stop_exchanging(uv_pid_t pid);

/* "name": so many directories with something in them, and as many links to a
   directory outside. */
void make_pairs(const char *name, int pairs, const char *outside);

#endif
