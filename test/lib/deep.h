/* SPDX-License-Identifier: MIT */
/*
 * Fixture for the tests of depth. They build chains of $LINKS links and
 * structures of $LEVELS levels on a stack of 64 KiB, or 512 KiB under tools
 * that watch memory. Recursion over either would overflow that stack.
 */
#ifndef DEEP_H
#define DEEP_H

#include "harness.h"
#include "watched.h"

enum { STACK = (WATCHED ? 512 : 64) * 1024 };

extern int links;         /* length of a chain */
extern int levels;        /* depth of structures whose levels cost more than a
                             link */
extern int64_t count;     /* counter for the running test */
extern int64_t unhandled; /* unhandled rejections */

/* The first failed expectation is asserted on the test's own thread. */
void expect(bool fine, const char *what);
void expect_code(avow_promise_t *p, int code);
void expect_int(avow_promise_t *p, int64_t expected);
/* Adds one to `count`. For avow_attach() and on_cancel. */
void count_end(void *data);
/* Cancels `p` and checks that its innermost source counts the cancellation.
   `count` must be 0 before. Takes ownership of `p`. */
void expect_cancels(avow_promise_t *p);
/* Closes the loop and checks that this cancels `p`. Takes ownership of `p` and
   `d`. */
void expect_close_cancels(avow_promise_t *p, avow_deferred_t *d);
/* Runs the loop until it is idle and checks that no promise is left. */
void run_dry(void);

/* Runs `fn` on a small stack with a loop of its own. Fails if `fn` leaves
   anything behind. */
void deep(void (*fn)(void));

#define DEEP(name)                 \
  static void name##_there(void);  \
  static void name(void **state) { \
    deep(name##_there);            \
  }                                \
  static void name##_there(void)

#endif
