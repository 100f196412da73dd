/* SPDX-License-Identifier: MIT */
/*
 * The cost of a sleep. `n` sleeps of 1 ms are created, and all of them fire.
 * The results include the millisecond itself. The floor makes use of equal
 * durations: an ordered array of deadlines and callbacks behind one uv_timer_t.
 *
 * The cost of a sleep beside `n` distant ones, such as idle timeouts. This is
 * the processor time of one sleep at a time, most of it in the system. Its
 * floor is a uv_timer_t beside `n` others.
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
    (void) entry->cb(&none, entry->data); /* its result is unused */
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

/* One uv_timer_t for each sleep. */
static uint64_t raw(size_t n, size_t rounds) {
  uv_timer_t *timers = calloc(n, sizeof(*timers));
  bench_require(timers != NULL, "memory for timers");
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    uv_update_time(bench_loop);
    for (size_t i = 0; i < n; i++) {
      (void) uv_timer_init(bench_loop, &timers[i]);    /* cannot fail */
      (void) uv_timer_start(&timers[i], on_raw, 1, 0); /* cannot fail */
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

/* Sleeps that are created in a callback of avow, which uses the loop's cached
   time. */
static uint64_t inside(size_t n, size_t rounds) {
  wanted = n;
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    avow_unref(avow_repeat(bench_loop, start_all, NULL));
    bench_drain();
  }
  return uv_hrtime() - start;
}

/* Sleeps without handlers. */
static uint64_t bare(size_t n, size_t rounds) {
  const uint64_t start = uv_hrtime();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_sleep(bench_loop, 1));
    bench_drain();
  }
  return uv_hrtime() - start;
}

/* Each kind has its own loop, so that the idle timers stay from turn to
   turn. */
typedef struct {
  uv_loop_t loop;
  uv_timer_t *timers;
  size_t n; /* idle timers; 0: the loop is not in use */
} idle_t;

enum { HOUR = 3600 * 1000, SPREAD = 100000 };

static void idle_open(idle_t *idle, size_t n) {
  bench_require(uv_loop_init(&idle->loop) == 0, "uv_loop_init()");
  idle->n = n;
}

static void idle_close(idle_t *idle) {
  bench_require(uv_run(&idle->loop, UV_RUN_NOWAIT) == 0, "handles close");
  bench_require(uv_loop_close(&idle->loop) == 0, "uv_loop_close()");
}

static uv_loop_t *sleepers(size_t n) {
  static idle_t idle;
  if (idle.n == n)
    return &idle.loop;
  if (idle.n > 0) {
    bench_require(avow_loop_close(&idle.loop) == 0, "avow_loop_close()");
    idle_close(&idle);
  }
  idle_open(&idle, n);
  bench_require(avow_loop_init(&idle.loop, NULL) == 0, "avow_loop_init()");
  for (size_t i = 0; i < n; i++)
    avow_unref(avow_sleep(&idle.loop, HOUR + i % SPREAD));
  return &idle.loop;
}

static uv_loop_t *timers(size_t n) {
  static idle_t idle;
  if (idle.n == n)
    return &idle.loop;
  if (idle.n > 0) {
    for (size_t i = 0; i < idle.n; i++)
      uv_close((uv_handle_t *) &idle.timers[i], NULL);
    idle_close(&idle);
    free(idle.timers);
  }
  idle_open(&idle, n);
  idle.timers = calloc(n, sizeof(*idle.timers));
  bench_require(idle.timers != NULL, "memory for timers");
  for (size_t i = 0; i < n; i++) {
    (void) uv_timer_init(&idle.loop, &idle.timers[i]); /* neither can fail */
    (void) uv_timer_start(&idle.timers[i], on_raw, HOUR + i % SPREAD, 0);
  }
  return &idle.loop;
}

/* The table divides by `n`, but only one sleep is measured. The result is
   therefore multiplied by `n`. */
static uint64_t one_beside(size_t n, size_t rounds) {
  uv_loop_t *loop = sleepers(n);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < rounds; i++)
    avow_value_unref(avow_run(avow_sleep(loop, 1)));
  return (bench_clock() - start) * n;
}

static void on_one(uv_timer_t *handle) {
  uv_stop(handle->loop);
}

static uint64_t raw_beside(size_t n, size_t rounds) {
  uv_loop_t *loop = timers(n);
  uv_timer_t one;
  (void) uv_timer_init(loop, &one); /* cannot fail */
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < rounds; i++) {
    uv_update_time(loop);                      /* as avow_sleep() does */
    (void) uv_timer_start(&one, on_one, 1, 0); /* cannot fail */
    (void) uv_run(loop, UV_RUN_DEFAULT);       /* the loop is still alive */
  }
  const uint64_t elapsed = bench_clock() - start;
  uv_close((uv_handle_t *) &one, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the other timers remain */
  return elapsed * n;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "sleep 1 ms + then", 100000, outside, array_queue, 60, 0 },
    { "sleep 1 ms + then, made in a callback", 100000, inside, array_queue, 60,
      0 },
    { "sleep 1 ms", 100000, bare, array_queue, 60, 0 },
    { "uv_timer_t each", 100000, raw, array_queue, 0, 0 },
    { "one sleep beside idle ones; a uv_timer_t", 1, one_beside, raw_beside,
      30000, 0 },
    { "one sleep beside idle ones; a uv_timer_t", 1000, one_beside, raw_beside,
      30000, 0 },
    { "one sleep beside idle ones; a uv_timer_t", 1000000, one_beside,
      raw_beside, 30000, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
