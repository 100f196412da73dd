/* SPDX-License-Identifier: MIT */
/* Out of memory: channels with many senders or many receivers survive it. */
#include "torture.h"

static avow_value_t is_over(const avow_value_t *item, void *data) {
  return avow_is_none(item) ? avow_int(1) : avow_none();
}

static avow_value_t receive_one(void *channel) {
  avow_promise_t *p = avow_channel_next(channel);
  return avow_follow(avow_then(p, is_over, NULL, NULL));
}

static void release_channel(void *channel) {
  avow_channel_unref(channel);
}

/* Receives until the end or a failure. Takes ownership of `c`. */
static avow_promise_t *receive_all(avow_channel_t *c) {
  return avow_attach(avow_repeat(loop, receive_one, c), c, release_channel);
}

static void drop_sender(void *sender) {
  avow_sender_unref(sender);
}

/* Takes ownership of the sender. */
static avow_promise_t *send_two(avow_sender_t *sender) {
  avow_promise_t *ps[] = { avow_sender_send(sender, duty_object()),
                           avow_sender_send(sender, duty_object()) };
  return avow_attach(avow_all_settled(loop, ps, 2), sender, drop_sender);
}

static avow_promise_t *sent(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_sender_t *sender = avow_sender_new(c, 0);
  avow_promise_t *ps[] = { send_two(avow_sender_ref(sender)),
                           send_two(avow_sender_ref(sender)), NULL };
  avow_sender_unref(sender);
  ps[2] = receive_all(c);
  return avow_all_settled(loop, ps, 3);
}

static void senders_survive(void **state) {
  survive(sent);
}

static void drop_broadcast(void *broadcast) {
  avow_broadcast_unref(broadcast);
}

/* Takes ownership of the broadcast. */
static avow_promise_t *send_three(avow_broadcast_t *broadcast) {
  avow_promise_t *ps[3];
  for (int i = 0; i < 3; i++)
    ps[i] = avow_broadcast_send(broadcast, duty_object());
  return avow_attach(avow_all_settled(loop, ps, 3), broadcast, drop_broadcast);
}

/* One subscriber receives all, one leaves items behind, one never receives. */
static avow_promise_t *broadcast_to_three(bool drops) {
  const avow_broadcast_options_t options = { .drops = drops };
  avow_broadcast_t *broadcast = avow_broadcast_new(loop, 2, &options);
  avow_channel_t *hears = avow_broadcast_subscribe(broadcast);
  avow_channel_t *lets_go = avow_broadcast_subscribe(broadcast);
  avow_channel_t *idle = avow_broadcast_subscribe(broadcast);
  avow_promise_t *ps[] = { avow_channel_next(lets_go), NULL, NULL };
  ps[1] = send_three(avow_broadcast_ref(broadcast));
  avow_broadcast_unref(broadcast);
  avow_channel_unref(lets_go);
  avow_channel_unref(idle);
  ps[2] = receive_all(hears);
  return avow_all_settled(loop, ps, 3);
}

static avow_promise_t *broadcast(void) {
  return broadcast_to_three(false);
}

static avow_promise_t *broadcast_that_drops(void) {
  return broadcast_to_three(true);
}

static void broadcasts_survive(void **state) {
  survive(broadcast);
  survive(broadcast_that_drops);
}

static avow_value_t set_later(const avow_value_t *none, void *watch) {
  avow_watch_set(watch, duty_object());
  return avow_none();
}

static void drop_watch(void *watch) {
  avow_watch_unref(watch);
}

static avow_promise_t *watched(void) {
  avow_watch_t *watch = avow_watch_new(loop, duty_object());
  avow_channel_t *idle = avow_watch_subscribe(watch);
  avow_promise_t *ps[] = {
    receive_all(avow_watch_subscribe(watch)),
    avow_attach(avow_then(avow_next_iteration(loop), set_later, NULL, watch),
                avow_watch_ref(watch), drop_watch),
  };
  avow_watch_set(watch, avow_none());
  avow_watch_unref(watch);
  avow_channel_unref(idle);
  return avow_all_settled(loop, ps, 2);
}

static void watches_survive(void **state) {
  survive(watched);
}

SUITE(oom_audience) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(senders_survive),
    cmocka_unit_test(broadcasts_survive),
    cmocka_unit_test(watches_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
