/* SPDX-License-Identifier: MIT */
/* The cost of a link of a chain. `n` thens are created in a row and then run
   one by one. */
#include "bench.h"
#include "floor.h"

static uint64_t chain(size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_deferred_t *d;
    avow_promise_t *p = avow_promise_new(bench_loop, &d);
    for (size_t i = 0; i < n; i++)
      p = avow_then(p, bench_count, NULL, NULL);
    (void) avow_resolve(d, avow_int(1)); /* returns true */
    avow_ignore(avow_run(p));            /* an INT */
  }
  const uint64_t elapsed = bench_clock() - start;
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

/* A rejection that passes `n` thens without a handler for it. */
static uint64_t pass(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *p = avow_promise_reject(bench_loop, avow_error(UV_EIO));
    for (size_t i = 0; i < n; i++)
      p = avow_then(p, bench_count, NULL, NULL);
    const avow_value_t v = avow_run(p);
    bench_require(avow_error_code(&v) == UV_EIO, "the rejection comes through");
  }
  return bench_clock() - start;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "chain of thens, a hop", 1000, chain, floor_chain, 10, 2 },
    { "chain of thens, a hop", 1000000, chain, floor_chain, 45, 2 },
    { "rejection past thens, a hop", 1000, pass, floor_chain, 10, 2 },
    { "rejection past thens, a hop", 1000000, pass, floor_chain, 45, 2 },
    BENCH_SCATTER(1000000),
    { "chain of thens, scattered memory", 1000000, chain, floor_chain, 45, 2 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
