/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark shares: a loop with avow on it, an allocator that
 * counts, and a table with a line for each case. A case and its floor take
 * turns, so that what disturbs the machine disturbs both; what is printed are
 * medians over the turns, of the ratio too. Only release builds count.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"

AVOW_HEADER_BEGIN

extern uv_loop_t *bench_loop;

/* Nanoseconds that this thread has used, so that what else the machine runs
   does not count. What waits, or has others work, is timed by uv_hrtime(). */
uint64_t bench_clock(void);

/* Does n operations, so many rounds of them, and returns what the timed part of
   that took: nanoseconds, or what else the table's unit is. */
typedef uint64_t (*bench_fn)(size_t n, size_t rounds);

typedef struct bench_case_s {
  const char *name;
  size_t n; /* operations in a round, all at once in memory */
  bench_fn subject;
  bench_fn floor;      /* the same work by hand, or NULL */
  double target;       /* at most so much an operation; 0: any */
  double target_ratio; /* and at most so many floors; 0: any */
} bench_case_t;

/* Among the cases: from here on free blocks, n of them, lie in random order. */
#define BENCH_SCATTER(n) \
  { "scattered", n, NULL, NULL, 0, 0 }

/* Runs the cases as the command line says: --quick (each once and small, to see
   that they work), --csv, --only TEXT (cases with that in their name). */
int bench_main(int argc, char **argv, const char *unit,
               const bench_case_t cases[], size_t count);

/* Ends the program: a case did not do what it measures. */
_Noreturn void bench_fail(const char *what);

static inline void bench_require(bool ok, const char *what) {
  if (!ok)
    bench_fail(what);
}

/* Times avow asked for memory, and the bytes it has now. */
uint64_t bench_allocations(void);
uint64_t bench_bytes(void);

/* A handler that counts, for subjects and floors alike. */
extern uint64_t bench_calls;
avow_value_t bench_count(const avow_value_t *arg, void *data);

/* Runs the loop until nothing is left to do. */
void bench_drain(void);

/* Puts n pointers in a random order, the same in each run. */
void bench_shuffle(void *items[], size_t n);

AVOW_HEADER_END

#endif
