/* SPDX-License-Identifier: MIT */
/*
 * Stages keep no item that has passed them. Many items need no more blocks than
 * a few items, and a slow receiver delays the sender.
 */
#include "harness.h"

enum { MANY = 20000, LOOKS = 500, ROOM = 4, AT_ONCE = 8, BATCH = 10 };

typedef avow_channel_t *(*stages_fn)(avow_channel_t *from);

typedef struct {
  avow_channel_t *from;
  int64_t sent, taken, ahead; /* ahead: most items that were sent and not yet
                                 received */
  uint64_t most;              /* blocks live at a time */
} flow_t;

static void look(flow_t *flow) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  flow->most = stats.live > flow->most ? stats.live : flow->most;
}

static avow_value_t send_next(void *data) {
  flow_t *flow = data;
  if (flow->sent % LOOKS == 0)
    look(flow);
  if (flow->sent < MANY)
    return avow_follow(avow_channel_send(flow->from, avow_int(++flow->sent)));
  avow_channel_end(flow->from);
  return avow_int(1);
}

static avow_value_t take(const avow_value_t *item, void *data) {
  flow_t *flow = data;
  const bool is_list = item->tag == AVOW_LIST;
  flow->taken += is_list ? (int64_t) avow_list_len(item) : 1;
  const int64_t ahead = flow->sent - flow->taken;
  flow->ahead = ahead > flow->ahead ? ahead : flow->ahead;
  return avow_none();
}

static flow_t move_many(stages_fn stages) {
  flow_t flow = { .from = avow_channel_new(loop, ROOM) };
  const avow_map_options_t one = { .concurrency = 1 };
  avow_channel_t *to = stages(avow_channel_ref(flow.from));
  avow_promise_t *sent = avow_repeat(loop, send_next, &flow);
  const long before = live_allocations();

  assert_fulfills_none(avow_each(to, take, &flow, &one));

  assert_fulfills_int(sent, 1);
  assert_int_equal(flow.sent, MANY);
  assert_int_in_range(flow.most, 1, 40);
  assert_true(live_allocations() < before + 20);
  avow_channel_unref(to);
  avow_channel_unref(flow.from);
  return flow;
}

static void assert_backpressure(stages_fn stages, int64_t most_ahead) {
  const flow_t flow = move_many(stages);

  assert_int_equal(flow.taken, MANY);
  assert_int_in_range(flow.ahead, 0, most_ahead);
}

static avow_value_t in_a_while(const avow_value_t *item, void *data) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_value_ref(item));
  return avow_follow(p);
}

static avow_value_t is_there(const avow_value_t *item, void *data) {
  return avow_int(1);
}

static avow_channel_t *map_one(avow_channel_t *from) {
  return avow_channel_map(from, in_a_while, NULL, NULL);
}

static avow_channel_t *map_several(avow_channel_t *from) {
  const avow_map_options_t options = { .concurrency = AT_ONCE };
  return avow_channel_map(from, in_a_while, NULL, &options);
}

static avow_channel_t *map_as_completed(avow_channel_t *from) {
  const avow_map_options_t options = { .concurrency = AT_ONCE,
                                       .unordered = true };
  return avow_channel_map(from, in_a_while, NULL, &options);
}

static avow_channel_t *filter(avow_channel_t *from) {
  return avow_channel_filter(from, is_there, NULL, NULL);
}

static avow_channel_t *take_all(avow_channel_t *from) {
  return avow_channel_take(from, MANY);
}

static avow_channel_t *batch(avow_channel_t *from) {
  return avow_channel_batch(from, BATCH, 0);
}

static avow_channel_t *merge(avow_channel_t *from) {
  avow_channel_t *const both[] = { avow_channel_ref(from), from };
  return avow_channel_merge(loop, both, 2);
}

static avow_channel_t *row(avow_channel_t *from) {
  return take_all(filter(map_several(map_one(from))));
}

static void delivered_items_need_no_memory(void **state) {
  assert_backpressure(map_one, ROOM + 1);
  assert_backpressure(map_several, ROOM + AT_ONCE + 1);
  assert_backpressure(map_as_completed, ROOM + AT_ONCE + 1);
  assert_backpressure(filter, ROOM + 1);
  assert_backpressure(take_all, ROOM + 1);
  assert_backpressure(batch, ROOM + BATCH + 1);
  assert_backpressure(merge, ROOM + 1);
  assert_backpressure(row, ROOM + AT_ONCE + 3);
}

static avow_channel_t *throttle(avow_channel_t *from) {
  return avow_channel_throttle(from, 1, AVOW_EDGE_BOTH);
}

static avow_channel_t *debounce(avow_channel_t *from) {
  return avow_channel_debounce(from, 1, AVOW_EDGE_BOTH);
}

static void omitted_items_need_no_memory(void **state) {
  assert_int_in_range(move_many(throttle).taken, 1, MANY);
  assert_int_in_range(move_many(debounce).taken, 1, MANY);
}

SUITE(stage_memory) {
  const struct CMUnitTest tests[] = {
    CASE(delivered_items_need_no_memory),
    CASE(omitted_items_need_no_memory),
  };
  return RUN(tests);
}
