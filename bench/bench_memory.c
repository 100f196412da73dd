/* SPDX-License-Identifier: MIT */
/*
 * The bytes of heap that an object takes. Promises are allocated in slabs.
 * The benchmark fills one slab and divides its size by the number of promises
 * in it. For other objects it counts the bytes requested from malloc, without
 * their promises.
 */
#include <stdlib.h>

#include "bench.h"

enum { MANY = 1000, PEAK = 4000000 };

/* Keeps a promise alive and pending. */
typedef struct held_s {
  struct held_s *next;
  avow_promise_t *p;
  avow_deferred_t *d;
} held_t;

static held_t *held;

static void hold(avow_promise_t *p, avow_deferred_t *d) {
  held_t *one = malloc(sizeof(*one));
  bench_require(one != NULL, "memory to hold a promise");
  *one = (held_t){ held, p, d };
  held = one;
}

static void let_go(void) {
  while (held != NULL) {
    held_t *one = held;
    held = one->next;
    if (one->d != NULL)
      (void) avow_resolve(one->d, avow_none()); /* returns true */
    avow_unref(one->p);
    free(one);
  }
  bench_drain();
}

static void pending(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(bench_loop, &d);
  hold(p, d);
}

static void pending_then(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(bench_loop, &d);
  hold(avow_then(p, bench_count, NULL, NULL), d);
}

static void settled(void) {
  hold(avow_promise_resolve(bench_loop, avow_int(1)), NULL);
}

static void sleeping(void) {
  hold(avow_sleep(bench_loop, 1), NULL);
}

static void with_timeout(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(bench_loop, &d);
  hold(avow_timeout(p, 1), d);
}

/* Creates objects until the pool allocates a slab. Returns how many there
   were. */
static size_t fill_slab(void (*make)(void)) {
  const uint64_t before = bench_allocations();
  size_t made = 0;
  for (; bench_allocations() == before; made++)
    make();
  return made;
}

/* Slabs grow up to a maximum size, so this repeats until two have the same
   size. */
static uint64_t share(size_t n, size_t rounds, void (*make)(void)) {
  uint64_t before, slab = 0;
  do {
    before = slab;
    const uint64_t bytes = bench_bytes();
    (void) fill_slab(make); /* in the previous slab */
    slab = bench_bytes() - bytes;
  } while (slab != before);
  const size_t made = fill_slab(make);
  let_go();
  return (uint64_t) ((double) slab / (double) made * (double) (n * rounds));
}

static uint64_t share_pending(size_t n, size_t rounds) {
  return share(n, rounds, pending);
}

static uint64_t share_pending_then(size_t n, size_t rounds) {
  return share(n, rounds, pending_then);
}

static uint64_t share_settled(size_t n, size_t rounds) {
  return share(n, rounds, settled);
}

static uint64_t share_sleeping(size_t n, size_t rounds) {
  return share(n, rounds, sleeping);
}

static uint64_t share_timeout(size_t n, size_t rounds) {
  return share(n, rounds, with_timeout);
}

static avow_value_t values[MANY];

/* The number of bytes that `n` values take. */
static uint64_t values_of(size_t n, size_t rounds, avow_value_t (*make)(void)) {
  uint64_t grown = 0;
  for (size_t round = 0; round < rounds; round++) {
    const uint64_t before = bench_bytes();
    for (size_t i = 0; i < n; i++)
      values[i] = make();
    grown += bench_bytes() - before;
    for (size_t i = 0; i < n; i++)
      avow_value_unref(values[i]);
  }
  return grown;
}

static avow_value_t five_bytes(void) {
  return avow_string("bytes");
}

static avow_value_t ten_ints(void) {
  avow_value_t ints[10];
  for (int i = 0; i < 10; i++)
    ints[i] = avow_int(i);
  return avow_list(ints, 10);
}

static avow_value_t object(void) {
  static const avow_class_t klass = { .name = "thing" };
  return avow_object(&klass, NULL);
}

static avow_value_t error_of_ten(void) {
  return avow_error_new(UV_EIO, avow_none(), "ten bytes.");
}

static uint64_t bytes_values(size_t n, size_t rounds) {
  return values_of(n, rounds, five_bytes);
}

static uint64_t list_values(size_t n, size_t rounds) {
  return values_of(n, rounds, ten_ints);
}

static uint64_t object_values(size_t n, size_t rounds) {
  return values_of(n, rounds, object);
}

static uint64_t error_values(size_t n, size_t rounds) {
  return values_of(n, rounds, error_of_ten);
}

/* Counts the bytes beyond the memory that earlier promises have left in the
   pool. */
static uint64_t requests(size_t n, size_t rounds) {
  uint64_t grown = 0;
  for (size_t round = 0; round < rounds; round++) {
    const uint64_t before = bench_bytes();
    for (size_t i = 0; i < n; i++)
      hold(avow_fs_fstat(bench_loop, 0), NULL);
    grown += bench_bytes() - before;
    let_go();
  }
  return grown;
}

enum { AT_PEAK, AFTER_PEAK };

/* A loop keeps the memory of a peak until it was not needed for a second. Time
   counts from the first iteration after the peak. */
static void rest(uv_loop_t *loop) {
  avow_value_unref(avow_run(avow_sleep(loop, 1)));
  avow_value_unref(avow_run(avow_sleep(loop, 2500)));
}

/* The bytes of a loop at a peak of `n` promises, or when these were released
   long enough. */
static uint64_t peak_bytes(size_t n, size_t rounds, int when) {
  uv_loop_t loop;
  uint64_t bytes = 0;
  avow_promise_t **promises = calloc(n, sizeof(avow_promise_t *));
  bench_require(promises != NULL, "memory for a peak");
  bench_require(uv_loop_init(&loop) == 0, "uv_loop_init()");
  bench_require(avow_loop_init(&loop, NULL) == 0, "avow_loop_init()");
  const uint64_t before = bench_bytes();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      promises[i] = avow_promise_resolve(&loop, avow_none());
    bytes += when == AT_PEAK ? bench_bytes() - before : 0;
    for (size_t i = 0; i < n; i++)
      avow_unref(promises[i]);
    if (when == AFTER_PEAK)
      rest(&loop);
    bytes += when == AFTER_PEAK ? bench_bytes() - before : 0;
  }
  bench_require(avow_loop_close(&loop) == 0, "avow_loop_close()");
  bench_require(uv_loop_close(&loop) == 0, "uv_loop_close()");
  free(promises);
  return bytes;
}

static uint64_t left_of_peak(size_t n, size_t rounds) {
  return peak_bytes(n, rounds, AFTER_PEAK);
}

static uint64_t at_peak(size_t n, size_t rounds) {
  return peak_bytes(n, rounds, AT_PEAK);
}

/* A block is 64 bytes. A slab with 255 blocks, including its alignment, adds 2
   %. */
enum { ONE = 66, TWO = 132 };

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "pending promise", MANY, share_pending, NULL, ONE, 0 },
    { "pending promise with one then", MANY, share_pending_then, NULL, TWO, 0 },
    { "settled promise", MANY, share_settled, NULL, ONE, 0 },
    { "sleep", MANY, share_sleeping, NULL, ONE, 0 },
    { "what a peak leaves; what it takes", PEAK, left_of_peak, at_peak, 0,
      0.1 },
    { "pending promise with a timeout", MANY, share_timeout, NULL, 0, 0 },
    { "bytes of 5", MANY, bytes_values, NULL, 0, 0 },
    { "list of 10 ints", MANY, list_values, NULL, 0, 0 },
    { "object, beside what it wraps", MANY, object_values, NULL, 0, 0 },
    { "error with a message of 10", MANY, error_values, NULL, 0, 0 },
    { "file request, beside its promise", MANY, requests, NULL, 0, 0 },
  };
  return bench_main(argc, argv, "bytes", cases, sizeof(cases) / sizeof(*cases));
}
