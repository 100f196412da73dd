/* SPDX-License-Identifier: MIT */
/*
 * The cost of an item that passes through stages. Each stage receives the
 * item from the previous channel and sends it on, with a promise and a child
 * for each item. The floor is a plain loop that calls the same two functions.
 */
#include "bench.h"

static avow_value_t is_even(const avow_value_t *item, void *data) {
  return avow_int(avow_to_int(item) % 2 == 0);
}

static avow_value_t is_there(const avow_value_t *item, void *data) {
  return avow_int(1);
}

static avow_value_t twice(const avow_value_t *item, void *data) {
  return avow_int(2 * avow_to_int(item));
}

static avow_channel_t *numbers(size_t n) {
  avow_channel_t *channel = avow_channel_new(bench_loop, n);
  for (size_t i = 0; i < n; i++)
    bench_require(avow_channel_try_send(channel, avow_int((int64_t) i)) == 0,
                  "there is room");
  avow_channel_end(channel);
  return channel;
}

/* Receives all items and releases the channel. */
static void take_all(avow_channel_t *channel, size_t expected) {
  const avow_map_options_t one = { .concurrency = 1 };
  const uint64_t before = bench_calls;
  avow_value_unref(avow_run(avow_each(channel, bench_count, NULL, &one)));
  bench_require(bench_calls - before == expected, "all have come");
  avow_channel_unref(channel);
}

static uint64_t without_stages(size_t n, size_t rounds) {
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    avow_channel_t *channel = numbers(n);
    const uint64_t start = bench_clock();
    take_all(channel, n);
    elapsed += bench_clock() - start;
  }
  return elapsed;
}

static uint64_t filtered_and_mapped(size_t n, size_t rounds, avow_cb keeps,
                                    size_t expected) {
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    avow_channel_t *channel = numbers(n);
    const uint64_t start = bench_clock();
    channel = avow_channel_filter(channel, keeps, NULL, NULL);
    take_all(avow_channel_map(channel, twice, NULL, NULL), expected);
    elapsed += bench_clock() - start;
  }
  return elapsed;
}

static uint64_t all_pass(size_t n, size_t rounds) {
  return filtered_and_mapped(n, rounds, is_there, n);
}

static uint64_t half_pass(size_t n, size_t rounds) {
  return filtered_and_mapped(n, rounds, is_even, (n + 1) / 2);
}

static uint64_t plain_loop(size_t n, size_t rounds) {
  avow_cb const volatile keeps = is_even, maps = twice;
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++) {
    const avow_value_t item = avow_int((int64_t) i);
    const avow_value_t kept = keeps(&item, NULL);
    if (avow_to_int(&kept) != 0)
      (void) maps(&item, NULL); /* a number */
  }
  return bench_clock() - start;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "no stage", 1000, without_stages, plain_loop, 0, 0 },
    { "a filter and a map, all pass; no stage", 1000, all_pass, without_stages,
      0, 0 },
    { "a filter and a map, half pass; a loop", 1000, half_pass, plain_loop, 0,
      0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
