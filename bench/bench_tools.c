/*
 * What do the tools of concurrency add to an item of work? The work is nothing:
 * a function that returns a number, or follows a promise that is settled with
 * one. The floor is a queued job.
 */
#include "bench.h"
#include "floor.h"

static avow_value_t return_number(void *data) {
  bench_calls++;
  return avow_int(1);
}

static avow_value_t count_none(const avow_value_t *arg, void *data) {
  bench_calls++;
  return avow_none();
}

/* All at once, most of them waiting. */
static uint64_t limiter_run(size_t n, size_t rounds) {
  avow_limiter_t *l = avow_limiter_new(bench_loop, 10);
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_limiter_run(l, return_number, NULL));
    bench_drain();
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_limiter_unref(l);
  return elapsed;
}

static uint64_t limiter_acquire(size_t n, size_t rounds) {
  avow_limiter_t *l = avow_limiter_new(bench_loop, 10);
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++) {
      avow_promise_t *p = avow_limiter_acquire(l);
      avow_unref(avow_then(p, count_none, NULL, NULL));
    }
    bench_drain();
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_limiter_unref(l);
  return elapsed;
}

static avow_value_t give_number(void *data) {
  return avow_int(1);
}

static uint64_t once_get(size_t n, size_t rounds) {
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    avow_once_t *o = avow_once_new(bench_loop, give_number, NULL, NULL);
    const uint64_t start = bench_clock();
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_once_get(o));
    bench_drain();
    elapsed += bench_clock() - start;
    avow_once_unref(o);
  }
  return elapsed;
}

static uint64_t retry_once(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_retry(bench_loop, give_number, NULL, NULL));
    bench_drain();
  }
  return bench_clock() - start;
}

static avow_value_t item_number(size_t i, void *data) {
  return avow_int((int64_t) i);
}

static avow_value_t item_settled(size_t i, void *data) {
  return avow_follow(avow_promise_resolve(bench_loop, avow_int(1)));
}

static uint64_t time_map(size_t n, size_t rounds, avow_map_fn fn) {
  const avow_map_options_t options = { .concurrency = 10 };
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++)
    avow_value_unref(avow_run(avow_map(bench_loop, n, fn, NULL, &options)));
  return bench_clock() - start;
}

static uint64_t map_values(size_t n, size_t rounds) {
  return time_map(n, rounds, item_number);
}

static uint64_t map_promises(size_t n, size_t rounds) {
  return time_map(n, rounds, item_settled);
}

static uint64_t group_add(size_t n, size_t rounds) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(bench_loop, &g);
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_group_add(g, avow_promise_resolve(bench_loop, avow_int(1)));
    bench_drain();
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_group_unref(g);
  avow_unref(p);
  bench_drain();
  return elapsed;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "limiter, run", 1000, limiter_run, floor_queue, 30, 0 },
    { "limiter, acquire", 1000, limiter_acquire, floor_queue, 60, 0 },
    { "map, values", 1000, map_values, floor_queue, 60, 0 },
    { "map, settled promises", 1000, map_promises, floor_queue, 60, 0 },
    { "group, settled promises", 1000, group_add, floor_queue, 60, 0 },
    { "once, callers of one run", 1000, once_get, floor_queue, 60, 0 },
    { "retry that need not", 1000, retry_once, floor_queue, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
