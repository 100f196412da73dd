/* SPDX-License-Identifier: MIT */
/* Out of memory: stages survive it. */
#include "torture.h"

enum { ITEMS = 5 };

static avow_channel_t *some_items(void) {
  avow_channel_t *channel = avow_channel_new(loop, ITEMS);
  for (int i = 0; i < ITEMS; i++)
    avow_unref(avow_channel_send(channel, duty_object()));
  avow_channel_end(channel);
  return channel;
}

static avow_value_t item_cb(const avow_value_t *item, void *data) {
  return avow_is_none(item) ? avow_int(1) : avow_none();
}

static avow_value_t next_fn(void *channel) {
  avow_promise_t *p = avow_channel_next(channel);
  return avow_follow(avow_then(p, item_cb, NULL, NULL));
}

static void release_channel(void *channel) {
  avow_channel_unref(channel);
}

/* Receives until the end or a failure. */
static avow_promise_t *all_of(avow_channel_t *channel) {
  avow_promise_t *p = avow_repeat(loop, next_fn, channel);
  return avow_attach(p, channel, release_channel);
}

static avow_value_t pass(const avow_value_t *item, void *data) {
  return avow_value_ref(item);
}

static avow_value_t another(const avow_value_t *none, void *data) {
  return duty_object();
}

static avow_value_t make(const avow_value_t *item, void *data) {
  avow_promise_t *p = avow_next_iteration(loop);
  return avow_follow(avow_then(p, another, NULL, NULL));
}

static avow_value_t yes(const avow_value_t *item, void *data) {
  return avow_int(1);
}

static avow_promise_t *mapped(void) {
  return all_of(avow_channel_map(some_items(), pass, NULL, NULL));
}

static avow_promise_t *mapped_ahead(void) {
  const avow_map_options_t options = { .concurrency = 3, .unordered = true };
  return all_of(avow_channel_map(some_items(), make, NULL, &options));
}

static avow_promise_t *filtered(void) {
  return all_of(avow_channel_filter(some_items(), yes, NULL, NULL));
}

static avow_promise_t *taken(void) {
  return all_of(avow_channel_take(some_items(), 2));
}

static avow_promise_t *batched(void) {
  return all_of(avow_channel_batch(some_items(), 2, 1));
}

static avow_promise_t *batched_grows(void) {
  avow_channel_t *channel = avow_channel_new(loop, 40);
  for (int i = 0; i < 40; i++)
    avow_unref(avow_channel_send(channel, duty_object()));
  avow_channel_end(channel);
  return all_of(avow_channel_batch(channel, 100, 0));
}

static avow_promise_t *merged(void) {
  avow_channel_t *both[] = { some_items(), some_items() };
  return all_of(avow_channel_merge(loop, both, 2));
}

static avow_promise_t *throttled(void) {
  return all_of(avow_channel_throttle(some_items(), 1, AVOW_EDGE_BOTH));
}

static avow_promise_t *debounced(void) {
  return all_of(avow_channel_debounce(some_items(), 1, AVOW_EDGE_TRAILING));
}

static void batches_survive(void **state) {
  survive(batched);
  survive(batched_grows);
}

static void merges_survive(void **state) {
  survive(merged);
}

static void throttles_and_debounces_survive(void **state) {
  survive(throttled);
  survive(debounced);
}

static void maps_survive(void **state) {
  survive(mapped);
  survive(mapped_ahead);
}

static void filters_survive(void **state) {
  survive(filtered);
}

static void takes_survive(void **state) {
  survive(taken);
}

SUITE(oom_stage) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(maps_survive),
    cmocka_unit_test(filters_survive),
    cmocka_unit_test(takes_survive),
    cmocka_unit_test(batches_survive),
    cmocka_unit_test(merges_survive),
    cmocka_unit_test(throttles_and_debounces_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
