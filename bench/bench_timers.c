/*
 * What does a sleep cost: n of 1 ms made, and all fired? The millisecond itself
 * is in the figures. The floor knows that all sleeps are equally long: an array
 * of deadlines and callbacks, in order, behind one uv_timer_t.
 */
#include <stdlib.h>

#include "bench.h"

typedef struct {
  uint64_t deadline;
  avow_cb cb;
  void *data;
} entry_t;

static entry_t *entries;
static size_t head, tail;
static uv_timer_t timer;

static void on_deadline(uv_timer_t *handle) {
  const avow_value_t none = avow_none();
  const uint64_t now = uv_now(bench_loop);
  while (head < tail && entries[head].deadline <= now) {
    const entry_t *entry = &entries[head++];
    (void) entry->cb(&none, entry->data); /* counts */
  }
  if (head < tail)
    (void) uv_timer_start(handle, on_deadline, entries[head].deadline - now, 0);
}

static void push(uint64_t ms) {
  entries[tail++] = (entry_t){ uv_now(bench_loop) + ms, bench_count, NULL };
  if (tail == head + 1)
    (void) uv_timer_start(&timer, on_deadline, ms, 0); /* cannot fail */
}

static uint64_t array_queue(size_t n, size_t rounds) {
  entries = calloc(n, sizeof(*entries));
  bench_require(entries != NULL, "memory for timers");
  (void) uv_timer_init(bench_loop, &timer); /* cannot fail */
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    head = tail = 0;
    uv_update_time(bench_loop);
    for (size_t i = 0; i < n; i++)
      push(1);
    bench_drain();
  }
  const uint64_t elapsed = uv_hrtime() - start;
  uv_close((uv_handle_t *) &timer, NULL);
  bench_drain();
  free(entries);
  return elapsed;
}

static void on_raw(uv_timer_t *handle) {
  bench_calls++;
}

/* One uv_timer_t each. */
static uint64_t raw(size_t n, size_t rounds) {
  uv_timer_t *timers = calloc(n, sizeof(*timers));
  bench_require(timers != NULL, "memory for timers");
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    uv_update_time(bench_loop);
    for (size_t i = 0; i < n; i++) {
      (void) uv_timer_init(bench_loop, &timers[i]);    /* neither can */
      (void) uv_timer_start(&timers[i], on_raw, 1, 0); /* fail */
    }
    bench_drain();
    for (size_t i = 0; i < n; i++)
      uv_close((uv_handle_t *) &timers[i], NULL);
    bench_drain();
  }
  const uint64_t elapsed = uv_hrtime() - start;
  free(timers);
  return elapsed;
}

static void sleep_and_count(size_t n) {
  for (size_t i = 0; i < n; i++)
    avow_unref(avow_then(avow_sleep(bench_loop, 1), bench_count, NULL, NULL));
}

static uint64_t outside(size_t n, size_t rounds) {
  const uint64_t calls = bench_calls;
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    sleep_and_count(n);
    bench_drain();
  }
  const uint64_t elapsed = uv_hrtime() - start;
  bench_require(bench_calls - calls == n * rounds, "each sleep ends once");
  return elapsed;
}

static size_t wanted;

static avow_value_t start_all(void *data) {
  sleep_and_count(wanted);
  return avow_int(1);
}

/* Made in a callback of avow, where the loop's cached time serves. */
static uint64_t inside(size_t n, size_t rounds) {
  wanted = n;
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    avow_unref(avow_repeat(bench_loop, start_all, NULL));
    bench_drain();
  }
  return uv_hrtime() - start;
}

/* All that a sleep is, without a handler. */
static uint64_t bare(size_t n, size_t rounds) {
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_sleep(bench_loop, 1));
    bench_drain();
  }
  return uv_hrtime() - start;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "sleep 1 ms + then", 100000, outside, array_queue, 60, 0 },
    { "sleep 1 ms + then, made in a callback", 100000, inside, array_queue, 60,
      0 },
    { "sleep 1 ms", 100000, bare, array_queue, 60, 0 },
    { "uv_timer_t each", 100000, raw, array_queue, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
