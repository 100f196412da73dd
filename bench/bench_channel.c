/* SPDX-License-Identifier: MIT */
/*
 * The cost of an item that passes through a channel. Sending and receiving
 * create a promise each. The floor is a queue of jobs with a block for each
 * item.
 *
 * The cost of a choice. Select among channels has a single next of one
 * channel as its floor. The outcomes of many promises have all_settled of the
 * same promises as their floor.
 */
#include "bench.h"
#include "floor.h"

static avow_channel_t *channel;

static void take_one(size_t expected) {
  avow_promise_t *next = avow_channel_next(channel);
  bench_require(avow_to_int(avow_result(next)) == (int64_t) expected,
                "items come in order");
  avow_unref(next);
}

/* All items are sent, then all are received. No call waits. */
static uint64_t through_a_ring(size_t n, size_t rounds) {
  channel = avow_channel_new(bench_loop, n);
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow_unref(avow_channel_send(channel, avow_int((int64_t) i)));
    for (size_t i = 0; i < n; i++)
      take_one(i);
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_channel_unref(channel);
  return elapsed;
}

static size_t sent, to_send;

static avow_value_t send_fn(void *data) {
  if (sent++ < to_send)
    return avow_follow(avow_channel_send(channel, avow_int(1)));
  avow_channel_end(channel);
  return avow_int(1);
}

static avow_value_t item_cb(const avow_value_t *item, void *data) {
  return avow_is_none(item) ? avow_int(1) : avow_none();
}

static avow_value_t next_fn(void *data) {
  return avow_follow(
      avow_then(avow_channel_next(channel), item_cb, NULL, NULL));
}

/* One repeat sends and another one receives. Each waits for the other. */
static uint64_t between_loops(size_t n, size_t rounds, size_t room) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    channel = avow_channel_new(bench_loop, room);
    sent = 0;
    to_send = n;
    avow_promise_t *const both[] = { avow_repeat(bench_loop, send_fn, NULL),
                                     avow_repeat(bench_loop, next_fn, NULL) };
    avow_value_unref(avow_run(avow_all(bench_loop, both, 2)));
    avow_channel_unref(channel);
  }
  return bench_clock() - start;
}

static uint64_t hand_to_hand(size_t n, size_t rounds) {
  return between_loops(n, rounds, 0);
}

static uint64_t with_room(size_t n, size_t rounds) {
  return between_loops(n, rounds, 100);
}

enum { MOST_CHANNELS = 10 };

static avow_channel_t *channels[MOST_CHANNELS];
static avow_case_t cases_of[MOST_CHANNELS];

/* The item goes to each channel in turn, before or after the select. */
static uint64_t choose_among(size_t channels_n, size_t n, bool waits) {
  for (size_t i = 0; i < channels_n; i++) {
    channels[i] = avow_channel_new(bench_loop, 1);
    cases_of[i] = avow_case_next(channels[i]);
  }
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n; i++) {
    const size_t to = i % channels_n;
    bool gone = !waits && avow_channel_try_send(channels[to], avow_int(1)) == 0;
    avow_promise_t *p = avow_select(cases_of, channels_n);
    gone = gone || avow_channel_try_send(channels[to], avow_int(1)) == 0;
    bench_require(gone && avow_to_outcome(avow_result(p))->index == to,
                  "the one with an item is chosen");
    avow_unref(p);
  }
  const uint64_t elapsed = bench_clock() - start;
  for (size_t i = 0; i < channels_n; i++)
    avow_channel_unref(channels[i]);
  return elapsed;
}

static uint64_t ask_one(size_t n, bool waits) {
  channel = avow_channel_new(bench_loop, 1);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n; i++) {
    bool gone = !waits && avow_channel_try_send(channel, avow_int(1)) == 0;
    avow_promise_t *p = avow_channel_next(channel);
    gone = gone || avow_channel_try_send(channel, avow_int(1)) == 0;
    bench_require(gone && avow_to_int(avow_result(p)) == 1, "it comes");
    avow_unref(p);
  }
  const uint64_t elapsed = bench_clock() - start;
  avow_channel_unref(channel);
  return elapsed;
}

static uint64_t select_there(size_t n, size_t rounds) {
  return choose_among(2, n * rounds, false);
}

static uint64_t next_there(size_t n, size_t rounds) {
  return ask_one(n * rounds, false);
}

static uint64_t select_of_2(size_t n, size_t rounds) {
  return choose_among(2, n * rounds, true);
}

static uint64_t select_of_10(size_t n, size_t rounds) {
  return choose_among(10, n * rounds, true);
}

static uint64_t next_waits(size_t n, size_t rounds) {
  return ask_one(n * rounds, true);
}

enum { MOST_INPUTS = 1000 };

static avow_promise_t *inputs[MOST_INPUTS];
static avow_deferred_t *deferreds[MOST_INPUTS];

static void make_inputs(size_t n) {
  bench_require(n <= MOST_INPUTS, "place for inputs");
  for (size_t i = 0; i < n; i++)
    inputs[i] = avow_promise_new(bench_loop, &deferreds[i]);
}

static void settle_inputs(size_t n) {
  for (size_t i = 0; i < n; i++)
    (void) avow_resolve(deferreds[i], avow_int(1)); /* returns true */
}

static uint64_t each_outcome(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    make_inputs(n);
    channel = avow_outcomes(bench_loop, inputs, n);
    settle_inputs(n);
    for (size_t i = 0; i < n; i++)
      avow_value_unref(avow_run(avow_channel_next(channel)));
    avow_channel_unref(channel);
  }
  return bench_clock() - start;
}

static uint64_t all_outcomes(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    make_inputs(n);
    avow_promise_t *p = avow_all_settled(bench_loop, inputs, n);
    settle_inputs(n);
    avow_value_unref(avow_run(p));
  }
  return bench_clock() - start;
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "send all, take all", 100, through_a_ring, floor_queue, 30, 0 },
    { "send all, take all", 100000, through_a_ring, floor_queue, 30, 0 },
    { "a loop sends, a loop takes, room 100", 1000, with_room, floor_again, 50,
      0 },
    { "a loop sends, a loop takes, room 0", 1000, hand_to_hand, floor_again, 50,
      0 },
    { "select of 2, one has an item; next", 1000, select_there, next_there, 0,
      0 },
    { "select of 2, waits; next", 1000, select_of_2, next_waits, 0, 0 },
    { "select of 10, waits; next", 1000, select_of_10, next_waits, 0, 0 },
    { "outcomes, each as it comes; all_settled", MOST_INPUTS, each_outcome,
      all_outcomes, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
