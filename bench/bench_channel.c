/*
 * What does an item cost on its way through a channel? Sending and taking make
 * a promise each; the floor is a queue of jobs, a block for each item.
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

/* All are sent, then all are taken; nobody waits. */
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

/* One loop sends, another takes: each waits for the other. */
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

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "send all, take all", 100, through_a_ring, floor_queue, 30, 0 },
    { "send all, take all", 100000, through_a_ring, floor_queue, 30, 0 },
    { "a loop sends, a loop takes, room 100", 1000, with_room, floor_again, 50,
      0 },
    { "a loop sends, a loop takes, room 0", 1000, hand_to_hand, floor_again, 50,
      0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
