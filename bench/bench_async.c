/* SPDX-License-Identifier: MIT */
/*
 * The cost of async functions. The floor of each case is the same work with
 * promises and without a stack, or a queued job. The second table is memory:
 * the resident memory of suspended functions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "fiber/fiber.h"
#include "floor.h"

static size_t left; /* remaining operations */

/* Switches to the function and back, without promises. */

static avow_value_t park_fn(void *data) {
  while (left-- > 0)
    (void) avow__fiber_park(avow__fiber_now, avow_none()); /* NONE */
  return avow_none();
}

static uint64_t switches(size_t n, size_t rounds) {
  static avow__fibers_t fibers = { .stack_size = 256 * 1024, .keep = 0 };
  avow__fiber_t *f;
  bench_require(avow__fiber_take(&fibers, &f) == 0, "a stack");
  f->fn = park_fn;
  left = n * rounds;
  const uint64_t start = bench_clock();
  while (!f->over)
    (void) avow__fiber_resume(&avow__fiber_now, f, avow_none()); /* NONE */
  const uint64_t elapsed = bench_clock() - start;
  avow__fiber_give(&fibers, f);
  return elapsed;
}

/* The promise that the functions await repeatedly. */

static avow_promise_t *shared;

static avow_value_t await_settled(void *data) {
  while (left > 0) {
    left--;
    avow_ignore(avow_await(avow_ref(shared))); /* NONE */
  }
  return avow_none();
}

static avow_value_t repeat_settled(void *data) {
  return left-- > 0 ? avow_follow(avow_ref(shared)) : avow_int(1);
}

static uint64_t time_async(size_t n, size_t rounds, avow_fn fn) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_ignore(avow_run(avow_async(bench_loop, fn, NULL))); /* NONE */
  }
  return bench_clock() - start;
}

static uint64_t settled(size_t n, size_t rounds) {
  shared = avow_promise_resolve(bench_loop, avow_none());
  const uint64_t elapsed = time_async(n, rounds, await_settled);
  avow_unref(shared);
  return elapsed;
}

static uint64_t queue_pass(size_t n, size_t rounds) {
  shared = avow_promise_resolve(bench_loop, avow_none());
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_ignore(
        avow_run(avow_repeat(bench_loop, repeat_settled, NULL))); /* INT 1 */
  }
  avow_unref(shared);
  return bench_clock() - start;
}

/* Each function finds the other one in the queue and must leave its stack. */
static uint64_t in_turns(size_t n, size_t rounds) {
  shared = avow_promise_resolve(bench_loop, avow_none());
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_promise_t *p = avow_async(bench_loop, await_settled, NULL);
    avow_promise_t *q = avow_async(bench_loop, await_settled, NULL);
    avow_ignore(avow_run(p)); /* NONE */
    avow_ignore(avow_run(q)); /* NONE */
  }
  avow_unref(shared);
  return bench_clock() - start;
}

/* A promise that settles in a later job. */
static avow_promise_t *next_turn(void) {
  avow_promise_t *p = avow_promise_resolve(bench_loop, avow_none());
  return avow_then(p, bench_count, NULL, NULL);
}

static avow_value_t await_next(void *data) {
  while (left-- > 0)
    avow_ignore(avow_await(next_turn())); /* an INT */
  return avow_none();
}

static avow_value_t again(const avow_value_t *arg, void *data) {
  if (left-- > 0)
    avow_unref(avow_then(next_turn(), again, NULL, NULL));
  return avow_none();
}

static uint64_t with_await(size_t n, size_t rounds) {
  return time_async(n, rounds, await_next);
}

static uint64_t with_then(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    (void) again(NULL, NULL); /* NONE */
    bench_drain();
  }
  return bench_clock() - start;
}

/* Many functions at once. */

static avow_value_t give(void *data) {
  bench_calls++;
  return avow_int(1);
}

static uint64_t calls(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++)
    avow_unref(avow_async(bench_loop, give, NULL));
  return bench_clock() - start;
}

static uint64_t tries(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++)
    avow_unref(avow_try(bench_loop, give, NULL));
  return bench_clock() - start;
}

static avow_value_t await_shared(void *data) {
  return avow_await(avow_ref(shared));
}

static avow_promise_t *start_await(void) {
  return avow_async(bench_loop, await_shared, NULL);
}

static avow_promise_t *start_then(void) {
  return avow_then(avow_ref(shared), bench_count, NULL, NULL);
}

/* Measures until `n` functions or handlers wait and have then all continued. */
static uint64_t time_crowd(size_t n, size_t rounds,
                           avow_promise_t *(*start)(void) ) {
  const uint64_t began = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_deferred_t *d;
    shared = avow_promise_new(bench_loop, &d);
    for (size_t i = 0; i < n; i++)
      avow_unref(start());
    (void) avow_resolve(d, avow_int(1)); /* returns true */
    bench_drain();
    avow_unref(shared);
  }
  return bench_clock() - began;
}

static uint64_t crowd(size_t n, size_t rounds) {
  return time_crowd(n, rounds, start_await);
}

static uint64_t crowd_of_thens(size_t n, size_t rounds) {
  return time_crowd(n, rounds, start_then);
}

/* Memory. */

static uint64_t resident(void) {
  char text[128] = { 0 };
  const int fd = open("/proc/self/statm", O_RDONLY);
  if (fd == -1 || read(fd, text, sizeof(text) - 1) < 0)
    bench_fail("only Linux says how much memory is resident");
  (void) close(fd); /* opened for reading only */
  char *end;
  (void) strtoull(text, &end, 10); /* skips the size of the address space */
  return strtoull(end, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

static uint64_t parked(size_t n, size_t rounds) {
  avow_deferred_t *d;
  shared = avow_promise_new(bench_loop, &d);
  const uint64_t before = resident();
  for (size_t i = 0; i < n * rounds; i++)
    avow_unref(start_await());
  const uint64_t grown = resident() - before;
  avow_stats_t stats;
  avow_loop_stats(bench_loop, &stats, sizeof(stats));
  bench_require(stats.pending == n * rounds + 1, "all are parked");
  (void) avow_resolve(d, avow_none()); /* returns true */
  avow_unref(shared);
  bench_drain();
  return grown;
}

int main(int argc, char **argv) {
  const bench_case_t times[] = {
    { "a switch there and back", 1000, switches, floor_again, 25, 0 },
    { "await, settled; a repeat's step", 1000, settled, queue_pass, 10, 0 },
    { "await, settled, two in turns", 1000, in_turns, queue_pass, 20, 0 },
    { "await, settled next turn; then", 1000, with_await, with_then, 0, 1.5 },
    { "start and finish; try", 1000, calls, tries, 150, 0 },
    { "start, wait, go on; then", 1000, crowd, crowd_of_thens, 0, 0 },
    { "start, wait, go on; then", 10000, crowd, crowd_of_thens, 0, 0 },
    { "start, wait, go on; then", 100000, crowd, crowd_of_thens, 0, 0 },
  };
  const bench_case_t bytes[] = {
    { "parked function, resident", 100000, parked, NULL, 4352, 0 },
  };
  const int failed =
      bench_main(argc, argv, "ns", times, sizeof(times) / sizeof(*times));
  return failed +
         bench_main(argc, argv, "bytes", bytes, sizeof(bytes) / sizeof(*bytes));
}
