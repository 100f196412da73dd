/* SPDX-License-Identifier: MIT */
/*
 * The cost of a handler that returns a promise. The measured part covers the
 * promise with the handler, the promise that it returns, and adopting it. The
 * floor is one queued job.
 */
#include "bench.h"
#include "floor.h"

/* Its promise settles in a later job. */
static avow_value_t follow_next(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_promise_resolve(bench_loop, avow_int(arg->u.i));
  return avow_follow(avow_then(p, bench_count, NULL, NULL));
}

static avow_value_t follow_settled(const avow_value_t *arg, void *data) {
  bench_calls++;
  return avow_follow(avow_promise_resolve(bench_loop, avow_int(arg->u.i)));
}

static uint64_t time_follow(size_t n, size_t rounds, avow_cb cb) {
  const uint64_t calls = bench_calls;
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_promise_t *p =
          avow_promise_resolve(bench_loop, avow_int((int64_t) i));
      avow_unref(last);
      last = avow_then(p, cb, NULL, NULL);
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  const uint64_t elapsed = bench_clock() - start;
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

static uint64_t next_turn(size_t n, size_t rounds) {
  return time_follow(n, rounds, follow_next);
}

static uint64_t settled(size_t n, size_t rounds) {
  return time_follow(n, rounds, follow_settled);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "follow, settled next turn", 100, next_turn, floor_queue, 90, 0 },
    { "follow, settled next turn", 100000, next_turn, floor_queue, 0, 0 },
    { "follow, settled already", 100, settled, floor_queue, 90, 0 },
    { "follow, settled already", 100000, settled, floor_queue, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
