/* What does a promise cost: new, then, resolve, and running the handler? */
#include "bench.h"
#include "floor.h"

/* n promises with a handler each are made and resolved, then n handlers run. */
static uint64_t settle(size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_deferred_t *d;
      avow_promise_t *p = avow_promise_new(bench_loop, &d);
      avow_unref(last);
      last = avow_then(p, bench_count, NULL, NULL);
      (void) avow_resolve(d, avow_int((int64_t) i)); /* the first to do so */
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  const uint64_t elapsed = bench_clock() - start;
  bench_require(bench_calls - calls == n * rounds, "each handler runs once");
  return elapsed;
}

/* The same with promises that are settled from the start. */
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
    BENCH_SCATTER(200000),
    { "new + ..., scattered memory", 100000, settle, floor_queue, 35, 0 },
    { "settled + ..., scattered memory", 100000, settled, floor_queue, 35, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
