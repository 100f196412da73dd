/* SPDX-License-Identifier: MIT */
/*
 * The cost of a step of an asynchronous loop. The floor is one job that
 * queues itself again.
 */
#include "bench.h"
#include "floor.h"

static size_t left;

static avow_value_t step(void *data) {
  return left-- > 0 ? avow_none() : avow_int(1);
}

/* A step that waits for a new settled promise. */
static avow_value_t step_settled(void *data) {
  if (left-- == 0)
    return avow_int(1);
  return avow_follow(avow_promise_resolve(bench_loop, avow_none()));
}

static avow_promise_t *shared;

/* A step that waits for one shared settled promise. */
static avow_value_t step_shared(void *data) {
  return left-- > 0 ? avow_follow(avow_ref(shared)) : avow_int(1);
}

static uint64_t time_repeat(size_t n, size_t rounds, avow_fn fn) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_ignore(avow_run(avow_repeat(bench_loop, fn, NULL))); /* an INT */
  }
  return bench_clock() - start;
}

static uint64_t repeat(size_t n, size_t rounds) {
  return time_repeat(n, rounds, step);
}

static uint64_t repeat_settled(size_t n, size_t rounds) {
  return time_repeat(n, rounds, step_settled);
}

static uint64_t repeat_shared(size_t n, size_t rounds) {
  shared = avow_promise_resolve(bench_loop, avow_none());
  const uint64_t elapsed = time_repeat(n, rounds, step_shared);
  avow_unref(shared);
  return elapsed;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "repeat, a step", 1000, repeat, floor_again, 10, 0 },
    { "repeat, follow one settled promise", 1000, repeat_shared, floor_again,
      10, 0 },
    { "repeat, follow a new settled promise", 1000, repeat_settled, floor_again,
      10, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
