/* SPDX-License-Identifier: MIT */
/*
 * What the tests of depth share: chains of as many links as $LINKS says, and
 * what nests as deep as $LEVELS says, on a stack of 64 KiB, or 512 where memory
 * is watched, that whatever recursed over either would overflow.
 */
#ifndef DEEP_H
#define DEEP_H

#include "harness.h"
#include "watched.h"

enum { STACK = (WATCHED ? 512 : 64) * 1024 };

extern int links;         /* of a chain */
extern int levels;        /* how deep to nest what costs more than a link */
extern int64_t count;     /* of what a test counts */
extern int64_t unhandled; /* rejections that nobody heard of */

/* The first that fails is asserted on the test's own thread. */
void expect(bool fine, const char *what);
void expect_code(avow_promise_t *p, int code);
void expect_int(avow_promise_t *p, int64_t expected);
/* For attach and on_cancel: adds one to count. */
void count_end(void *data);
/* Cancels p: what it waits for in the end counts that, and count was 0. Takes
   p. */
void expect_cancels(avow_promise_t *p);
/* Closes the loop: p is cancelled. Takes p and d. */
void expect_close_cancels(avow_promise_t *p, avow_deferred_t *d);
/* Runs the loop until it has nothing left to do, and no promise is left. */
void run_dry(void);

/* Runs fn on a small stack and a loop of its own, and fails if it leaves
   anything. */
void deep(void (*fn)(void));

#define DEEP(name)                 \
  static void name##_there(void);  \
  static void name(void **state) { \
    deep(name##_there);            \
  }                                \
  static void name##_there(void)

#endif
