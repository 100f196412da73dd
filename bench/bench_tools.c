/* SPDX-License-Identifier: MIT */
/*
 * The cost of the concurrency tools for an item of work. The work is empty: a
 * function returns a number, or a promise that is settled with one. The floor
 * is a queued job.
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

/* All calls are made at once, and most of them wait. */
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

/* Calls `fn` with `data` n times in a job, where the loop's cached time is
   valid. Outside a job, each call would ask the system for the time. */
typedef struct {
  void (*fn)(void *data, size_t i);
  void *data;
  size_t n;
} often_t;

static avow_value_t call_often(const avow_value_t *none, void *data) {
  const often_t *often = data;
  for (size_t i = 0; i < often->n; i++)
    often->fn(often->data, i);
  return avow_none();
}

static uint64_t time_often(size_t n, size_t rounds,
                           void (*fn)(void *data, size_t i), void *data) {
  often_t often = { fn, data, n };
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *p = avow_promise_resolve(bench_loop, avow_none());
    avow_value_unref(avow_run(avow_then(p, call_often, NULL, &often)));
  }
  return bench_clock() - start;
}

static const uint64_t enough = 4000000000; /* tokens in a ms */

static void acquire(void *r, size_t i) {
  avow_unref(avow_rate_acquire(r, 1));
}

static uint64_t rate_acquire(size_t n, size_t rounds) {
  avow_rate_t *r = avow_rate_new(bench_loop, enough, 1, NULL);
  const uint64_t elapsed = time_often(n, rounds, acquire, r);
  avow_rate_unref(r);
  return elapsed;
}

static void try_one(void *r, size_t i) {
  bench_require(avow_rate_try(r, 1), "there are enough");
}

static uint64_t rate_try(size_t n, size_t rounds) {
  avow_rate_t *r = avow_rate_new(bench_loop, enough, 1, NULL);
  const uint64_t elapsed = time_often(n, rounds, try_one, r);
  avow_rate_unref(r);
  return elapsed;
}

typedef struct {
  uint64_t tokens, last;
} bucket_t;

/* A minimal token bucket: it adds the tokens since the last call, up to a
   maximum. */
static void bucket_one(void *data, size_t i) {
  bucket_t *bucket = data;
  const uint64_t now = uv_now(bench_loop);
  bucket->tokens += (now - bucket->last) * enough;
  if (bucket->tokens > enough)
    bucket->tokens = enough;
  bucket->last = now;
  bench_require(bucket->tokens > 0, "there are enough");
  bucket->tokens--;
}

static uint64_t bucket_try(size_t n, size_t rounds) {
  bucket_t bucket = { enough, uv_now(bench_loop) };
  return time_often(n, rounds, bucket_one, &bucket);
}

static avow_value_t give_key(const avow_value_t *key, void *data) {
  return avow_value_ref(key);
}

enum { KEYS = 10 };

static void hit(void *c, size_t i) {
  avow_unref(avow_cache_get(c, avow_int((int64_t) (i % KEYS))));
}

static uint64_t cache_hit(size_t n, size_t rounds) {
  const avow_cache_options_t kept = { .ttl = UINT32_MAX };
  avow_cache_t *c = avow_cache_new(bench_loop, give_key, NULL, NULL, &kept);
  for (size_t i = 0; i < KEYS; i++)
    hit(c, i);
  bench_drain();
  bench_require(avow_cache_kept(c) == KEYS, "all are there");
  const uint64_t elapsed = time_often(n, rounds, hit, c);
  avow_cache_unref(c);
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
    { "rate, a token", 1000, rate_acquire, floor_queue, 60, 0 },
    { "rate, a try; a bucket by hand", 1000, rate_try, bucket_try, 0, 0 },
    { "cache, a hit", 1000, cache_hit, floor_queue, 60, 0 },
    { "map, values", 1000, map_values, floor_queue, 60, 0 },
    { "map, settled promises", 1000, map_promises, floor_queue, 60, 0 },
    { "group, settled promises", 1000, group_add, floor_queue, 60, 0 },
    { "once, callers of one run", 1000, once_get, floor_queue, 60, 0 },
    { "retry that need not", 1000, retry_once, floor_queue, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
