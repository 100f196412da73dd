/* SPDX-License-Identifier: MIT */
/*
 * The cost of sending to many receivers. Either an item is sent and all of
 * them receive it, or a value changes and all of them read it, with a promise
 * for each. The floor is a job for each receiver, or a channel for each
 * receiver to which the item is sent.
 */
#include "bench.h"
#include "floor.h"

enum { FEW = 4, MANY = 10 };

static avow_channel_t *heard[MANY];

static void hear_each(size_t listeners) {
  for (size_t i = 0; i < listeners; i++) {
    avow_promise_t *p = avow_channel_next(heard[i]);
    bench_require(avow_to_int(avow_result(p)) == 1, "all hear it");
    avow_unref(p);
  }
}

static void leave_each(size_t listeners) {
  for (size_t i = 0; i < listeners; i++)
    avow_channel_unref(heard[i]);
}

static uint64_t broadcast(size_t items, size_t listeners) {
  avow_broadcast_t *b = avow_broadcast_new(bench_loop, 1, NULL);
  for (size_t i = 0; i < listeners; i++)
    heard[i] = avow_broadcast_subscribe(b);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < items; i++) {
    avow_unref(avow_broadcast_send(b, avow_int(1)));
    hear_each(listeners);
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_broadcast_unref(b);
  leave_each(listeners);
  return elapsed;
}

static uint64_t to_few(size_t n, size_t rounds) {
  return broadcast(n * rounds, FEW);
}

static uint64_t to_many(size_t n, size_t rounds) {
  return broadcast(n * rounds, MANY);
}

static uint64_t channels(size_t items, size_t listeners) {
  for (size_t i = 0; i < listeners; i++)
    heard[i] = avow_channel_new(bench_loop, 1);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < items; i++) {
    for (size_t k = 0; k < listeners; k++)
      avow_unref(avow_channel_send(heard[k], avow_int(1)));
    hear_each(listeners);
  }
  const uint64_t elapsed = bench_clock() - start;
  leave_each(listeners);
  return elapsed;
}

static uint64_t few_channels(size_t n, size_t rounds) {
  return channels(n * rounds, FEW);
}

static uint64_t many_channels(size_t n, size_t rounds) {
  return channels(n * rounds, MANY);
}

static uint64_t change(size_t changes, size_t listeners) {
  avow_watch_t *w = avow_watch_new(bench_loop, avow_none());
  for (size_t i = 0; i < listeners; i++)
    heard[i] = avow_watch_subscribe(w);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < changes; i++) {
    avow_watch_set(w, avow_int(1));
    hear_each(listeners);
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_watch_unref(w);
  leave_each(listeners);
  return elapsed;
}

static uint64_t watched_by_one(size_t n, size_t rounds) {
  return change(n * rounds, 1);
}

static uint64_t watched_by_few(size_t n, size_t rounds) {
  return change(n * rounds, FEW);
}

/* No receiver waits. A later one gets the newest value, and the other values
   are lost. */
static uint64_t overlooked(size_t n, size_t rounds) {
  avow_watch_t *w = avow_watch_new(bench_loop, avow_none());
  heard[0] = avow_watch_subscribe(w);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++)
    avow_watch_set(w, avow_int(1));
  hear_each(1);
  const uint64_t elapsed = bench_clock() - start;
  avow_watch_unref(w);
  leave_each(1);
  return elapsed;
}

static uint64_t job_for_few(size_t n, size_t rounds) {
  return floor_queue(FEW * n, rounds);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "broadcast to 4; a job for each", 100, to_few, job_for_few, 0, 0 },
    { "broadcast to 4; a channel for each", 100, to_few, few_channels, 0, 0 },
    { "broadcast to 10; a channel for each", 100, to_many, many_channels, 0,
      0 },
    { "watch, a change for one", 100, watched_by_one, floor_queue, 0, 0 },
    { "watch, a change for 4; a job for each", 100, watched_by_few, job_for_few,
      0, 0 },
    { "watch, a change for nobody", 100, overlooked, floor_queue, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
