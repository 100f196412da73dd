/* SPDX-License-Identifier: MIT */
/* The cost of a promise: new, then, resolve, and running the handler. */
#include <stdlib.h>

#include "bench.h"
#include "floor.h"

static uv_loop_t peaked;
static bool has_peaked;

/* Creates `n` promises with a handler each, resolves them, and then runs the
   `n` handlers. */
static uint64_t settle_on(uv_loop_t *loop, size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_deferred_t *d;
      avow_promise_t *p = avow_promise_new(loop, &d);
      avow_unref(last);
      last = avow_then(p, bench_count, NULL, NULL);
      (void) avow_resolve(d, avow_int((int64_t) i)); /* returns true */
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  const uint64_t elapsed = bench_clock() - start;
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

static uint64_t settle(size_t n, size_t rounds) {
  return settle_on(bench_loop, n, rounds);
}

/* Opens a loop that has had a million promises at a time, each of which was
   released on its own. */
static void open_peaked(void) {
  enum { PEAK = 1000000 };
  avow_promise_t **promises = calloc(PEAK, sizeof(avow_promise_t *));
  bench_require(promises != NULL, "memory for a peak");
  bench_require(uv_loop_init(&peaked) == 0, "uv_loop_init()");
  bench_require(avow_loop_init(&peaked, NULL) == 0, "avow_loop_init()");
  for (size_t i = 0; i < PEAK; i++)
    promises[i] = avow_promise_resolve(&peaked, avow_none());
  bench_shuffle((void **) promises, PEAK);
  for (size_t i = 0; i < PEAK; i++)
    avow_unref(promises[i]);
  free(promises);
  has_peaked = true;
}

static uint64_t settle_after_peak(size_t n, size_t rounds) {
  if (!has_peaked)
    open_peaked();
  return settle_on(&peaked, n, rounds);
}

/* Reads the statistics of a loop without live promises. */
static uint64_t count_on(uv_loop_t *loop, size_t n, size_t rounds) {
  avow_stats_t stats;
  uint64_t live = 0;
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++) {
    avow_loop_stats(loop, &stats, sizeof(stats));
    live += stats.live;
  }
  const uint64_t elapsed = bench_clock() - start;
  bench_require(live == 0, "nothing lives");
  return elapsed;
}

static uint64_t count_after_peak(size_t n, size_t rounds) {
  if (!has_peaked)
    open_peaked();
  return count_on(&peaked, n, rounds);
}

static uint64_t count_before(size_t n, size_t rounds) {
  return count_on(bench_loop, n, rounds);
}

static void close_peaked(void) {
  if (!has_peaked)
    return;
  bench_require(avow_loop_close(&peaked) == 0, "avow_loop_close()");
  bench_require(uv_loop_close(&peaked) == 0, "uv_loop_close()");
}

/* Uses promises that are settled from the start. */
static uint64_t settled(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_promise_t *p =
          avow_promise_resolve(bench_loop, avow_int((int64_t) i));
      avow_unref(last);
      last = avow_then(p, bench_count, NULL, NULL);
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  return bench_clock() - start;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "new + then + resolve + run", 100, settle, floor_queue, 12, 2.4 },
    { "settled + then + run", 100, settled, floor_queue, 12, 2.4 },
    { "new + then + resolve + run", 100000, settle, floor_queue, 35, 0 },
    { "settled + then + run", 100000, settled, floor_queue, 35, 0 },
    { "new + ..., after a peak; before one", 1000, settle_after_peak, settle, 0,
      1.1 },
    { "new + ..., after a peak; before one", 100000, settle_after_peak, settle,
      0, 1.1 },
    { "avow_loop_stats(), after a peak; before", 10, count_after_peak,
      count_before, 10000, 0 },
    BENCH_SCATTER(200000),
    { "new + ..., scattered memory", 100000, settle, floor_queue, 35, 0 },
    { "settled + ..., scattered memory", 100000, settled, floor_queue, 35, 0 },
  };
  const int status =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  close_peaked();
  return status;
}
