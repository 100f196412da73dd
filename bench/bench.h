/* SPDX-License-Identifier: MIT */
/*
 * The parts that all benchmarks share: a loop with avow on it, an allocator
 * that counts, and a table with a line for each case. A case and its floor take
 * turns, so that a disturbance affects both. The printed values, including the
 * ratio, are medians over the turns. Only release builds give valid results.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"

AVOW_HEADER_BEGIN

extern uv_loop_t *bench_loop;

/* Nanoseconds of processor time that this thread has used. Other load on the
   machine does not count. Cases that wait or use other threads are timed with
   uv_hrtime(). */
uint64_t bench_clock(void);

/* Nanoseconds of processor time that all threads of the process have used. */
uint64_t bench_clock_of_all(void);

/* Runs `rounds` rounds of `n` operations. Returns the time of the measured part
   in nanoseconds, or an amount in the table's unit. */
typedef uint64_t (*bench_fn)(size_t n, size_t rounds);

typedef struct bench_case_s {
  const char *name;
  size_t n; /* operations in a round, all in memory at once */
  bench_fn subject;
  bench_fn floor;      /* the same work without avow, or NULL */
  double target;       /* maximum for each operation; 0: none */
  double target_ratio; /* maximum ratio to the floor; 0: none */
} bench_case_t;

/* A line among the cases: from here on, `n` free blocks are in random order. */
#define BENCH_SCATTER(n) \
  { "scattered", n, NULL, NULL, 0, 0 }

/* Runs the cases according to the command line: --quick (each once and
   small, to test that they work), --csv, --only TEXT (cases whose name
   contains TEXT). */
int bench_main(int argc, char **argv, const char *unit,
               const bench_case_t cases[], size_t count);

/* Ends the program, because a case did not do its work. */
_Noreturn void bench_fail(const char *what);

static inline void bench_require(bool ok, const char *what) {
  if (!ok)
    bench_fail(what);
}

/* The number of allocations by avow, and the bytes that it holds. */
uint64_t bench_allocations(void);
uint64_t bench_bytes(void);

/* A handler that counts, for subjects and floors. */
extern uint64_t bench_calls;
avow_value_t bench_count(const avow_value_t *arg, void *data);

/* Runs the loop until it is no longer alive. */
void bench_drain(void);

/* Puts `n` pointers in a random order, which is the same in each run. */
void bench_shuffle(void *items[], size_t n);

AVOW_HEADER_END

#endif
