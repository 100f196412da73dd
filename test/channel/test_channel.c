/* SPDX-License-Identifier: MIT */
/* Channels: order, capacity, the end, and the release of items. */
#include <stdio.h>

#include "items.h"

static void items_arrive_in_sending_order(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 100);

  for (int64_t i = 0; i < 100; i++)
    send_int(c, i);

  for (int64_t i = 0; i < 100; i++)
    assert_next_int(c, i);
  avow_channel_unref(c);
}

static void ring_wraps_around(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 13);

  for (int64_t i = 0; i < 1000; i++) {
    for (int64_t k = 0; k < i % 14; k++)
      send_int(c, i + k);
    for (int64_t k = 0; k < i % 14; k++)
      assert_next_int(c, i + k);
  }
  avow_channel_unref(c);
}

static void ring_grows_while_it_wraps(void **state) {
  avow_channel_t *c = avow_channel_new(loop, SIZE_MAX);
  int64_t sent = 0, taken = 0;

  while (sent < 1000) {
    send_int(c, sent++);
    send_int(c, sent++);
    send_int(c, sent++);
    assert_next_int(c, taken++);
  }

  while (taken < sent)
    assert_next_int(c, taken++);
  avow_channel_unref(c);
}

static void receivers_are_served_in_call_order(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);
  assert_int_equal(avow_state(first), AVOW_PENDING);

  send_int(c, 1);
  assert_int_equal(avow_state(first), AVOW_FULFILLED);
  assert_int_equal(avow_state(second), AVOW_PENDING);
  send_int(c, 2);

  assert_fulfills_int(first, 1);
  assert_fulfills_int(second, 2);
  avow_channel_unref(c);
}

static void send_waits_for_free_capacity(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *second = avow_channel_send(c, avow_int(2));
  avow_promise_t *third = avow_channel_send(c, avow_int(3));
  assert_int_equal(avow_state(second), AVOW_PENDING);

  assert_next_int(c, 1);
  assert_int_equal(avow_state(second), AVOW_FULFILLED);
  assert_int_equal(avow_state(third), AVOW_PENDING);
  assert_next_int(c, 2);
  assert_next_int(c, 3);

  assert_fulfills_none(second);
  assert_fulfills_none(third);
  avow_channel_unref(c);
}

static void send_waits_for_a_receiver_with_capacity_zero(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *sent = avow_channel_send(c, avow_int(1));
  assert_int_equal(avow_state(sent), AVOW_PENDING);

  assert_next_int(c, 1);
  assert_fulfills_none(sent);
  avow_promise_t *next = avow_channel_next(c);
  send_int(c, 2);

  assert_fulfills_int(next, 2);
  avow_channel_unref(c);
}

static void none_cannot_be_sent(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);

  const avow_value_t v = avow_run(avow_channel_send(c, avow_none()));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "send 'none': invalid argument");
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void error_item_rejects_the_receive(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);

  assert_settled(avow_channel_send(c, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_int(c, 1);

  assert_rejects(avow_channel_next(c), UV_EIO);
  assert_next_int(c, 1);
  avow_channel_unref(c);
}

static void receive_waits_for_a_promise_item(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);
  avow_promise_t *asked = avow_channel_next(c);
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_new(loop, &e);

  assert_settled(avow_channel_send(c, avow_follow(p)), AVOW_FULFILLED);
  assert_settled(avow_channel_send(c, avow_follow(q)), AVOW_FULFILLED);
  avow_promise_t *next = avow_channel_next(c);
  (void) avow_resolve(e, avow_int(2)); /* pending */
  (void) avow_resolve(d, avow_int(1)); /* likewise */

  assert_fulfills_int(asked, 1);
  assert_fulfills_int(next, 2);
  avow_channel_unref(c);
}

static avow_value_t send_one_of_each(const avow_value_t *none, void *c) {
  assert_int_equal(avow_channel_try_send(c, avow_int(1)), 0);
  assert_int_equal(avow_channel_try_send(c, avow_int(2)), 0);
  assert_int_equal(avow_channel_try_send(c, avow_error(UV_EIO)), 0);
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(4));
  assert_int_equal(avow_channel_try_send(c, avow_follow(p)), 0);
  return avow_none();
}

/* In a handler, the items are queued at once. One item has no other
   reference. */
static void items_sent_in_a_handler_reach_pending_receives(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *first = avow_channel_next(c);
  avow_unref(avow_channel_next(c));
  avow_promise_t *third = avow_channel_next(c);
  avow_promise_t *fourth = avow_channel_next(c);

  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(avow_then(p, send_one_of_each, NULL, c)));

  assert_fulfills_int(first, 1);
  assert_rejects(third, UV_EIO);
  assert_fulfills_int(fourth, 4);
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.live, 1); /* the channel */
  avow_channel_unref(c);
}

static void item_sent_between_callbacks_settles_a_receive(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_unref(avow_then(avow_channel_next(c), note_cb, NULL, "item"));
  run();

  assert_int_equal(avow_channel_try_send(c, avow_int(1)), 0);
  run();

  assert_notes("item");
  avow_channel_unref(c);
}

static void ended_channel_returns_items_and_then_none(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *stuck = avow_channel_send(c, avow_int(2));

  avow_channel_end(c);
  avow_channel_fail(c, avow_error(UV_EIO)); /* too late */

  assert_next_int(c, 1);
  assert_next_int(c, 2);
  assert_fulfills_none(stuck);
  assert_fulfills_none(avow_channel_next(c));
  assert_fulfills_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void end_fulfills_pending_receives_with_none(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  avow_channel_end(c);

  assert_fulfills_none(first);
  assert_fulfills_none(second);
  avow_channel_unref(c);
}

static void failed_channel_returns_items_and_then_rejects(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);

  avow_channel_fail(c, avow_string("why"));

  assert_next_int(c, 1);
  assert_rejects(avow_channel_next(c), AVOW_EREASON);
  assert_rejects(avow_channel_next(c), AVOW_EREASON);
  assert_rejects(avow_channel_send(c, avow_int(1)), AVOW_EREASON);
  avow_channel_unref(c);
}

static void failure_rejects_pending_receives(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "broken"));

  assert_rejects(first, UV_EIO);
  assert_rejects(second, UV_EIO);
  avow_channel_unref(c);
}

static void ended_channel_refuses_sends(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_end(c);

  const avow_value_t v = avow_run(avow_channel_send(c, thing("gone")));

  assert_notes("gone");
  assert_int_equal(avow_error_code(&v), UV_EPIPE);
  assert_string_equal(avow_error_message(&v), "send: broken pipe");
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void close_releases_items_and_rejects_senders(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  assert_settled(avow_channel_send(c, thing("inside")), AVOW_FULFILLED);
  avow_promise_t *stuck = avow_channel_send(c, thing("stuck"));

  avow_channel_close(c);

  assert_notes("inside stuck");
  assert_rejects(stuck, UV_EPIPE);
  assert_fulfills_none(avow_channel_next(c));
  assert_rejects(avow_channel_send(c, avow_int(1)), UV_EPIPE);
  avow_channel_unref(c);
}

static void close_discards_a_failure(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "broken"));

  avow_channel_close(c);

  assert_fulfills_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void releasing_the_last_reference_closes(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_t *again = avow_channel_ref(c);
  assert_settled(avow_channel_send(c, thing("inside")), AVOW_FULFILLED);
  avow_promise_t *stuck = avow_channel_send(c, thing("stuck"));

  avow_channel_unref(c);
  assert_notes("");
  avow_channel_unref(again);

  assert_notes("inside stuck");
  assert_rejects(stuck, UV_EPIPE);
  avow_channel_unref(NULL);
}

static void pending_receive_gets_none_after_the_last_unref(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);

  avow_channel_unref(c);

  assert_fulfills_none(next);
}

static void canceled_next_takes_no_item(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);
  avow_promise_t *third = avow_channel_next(c);

  avow_cancel(second);
  send_int(c, 1);
  send_int(c, 2);

  assert_fulfills_int(first, 1);
  assert_rejects(second, UV_ECANCELED);
  assert_fulfills_int(third, 2);
  avow_channel_unref(c);
}

static void next_with_its_item_cannot_be_canceled(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);
  send_int(c, 1);

  avow_cancel(next);

  assert_fulfills_int(next, 1);
  avow_channel_unref(c);
}

static void timed_out_next_loses_no_item(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);

  assert_rejects(avow_timeout(avow_channel_next(c), 1), UV_ETIMEDOUT);
  send_int(c, 1);

  assert_fulfills_int(avow_timeout(avow_channel_next(c), 1), 1);
  avow_channel_unref(c);
}

static void received_item_is_released_with_its_promise(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);
  assert_settled(avow_channel_send(c, thing("taken")), AVOW_FULFILLED);

  assert_notes("");
  avow_unref(next);

  assert_notes("taken");
  avow_channel_unref(c);
}

static void canceled_send_releases_its_item(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *second = avow_channel_send(c, thing("back"));
  avow_promise_t *third = avow_channel_send(c, avow_int(3));

  avow_cancel(second);

  assert_notes("back");
  assert_rejects(second, UV_ECANCELED);
  assert_next_int(c, 1);
  assert_next_int(c, 3);
  assert_fulfills_none(third);
  avow_channel_unref(c);
}

static void send_with_a_released_promise_continues(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_unref(avow_channel_send(c, avow_int(1)));

  assert_next_int(c, 1);
  avow_channel_unref(c);
}

SUITE(channel) {
  const struct CMUnitTest tests[] = {
    CASE(items_arrive_in_sending_order),
    CASE(ring_wraps_around),
    CASE(ring_grows_while_it_wraps),
    CASE(receivers_are_served_in_call_order),
    CASE(send_waits_for_free_capacity),
    CASE(send_waits_for_a_receiver_with_capacity_zero),
    CASE(none_cannot_be_sent),
    CASE(error_item_rejects_the_receive),
    CASE(receive_waits_for_a_promise_item),
    CASE(items_sent_in_a_handler_reach_pending_receives),
    CASE(item_sent_between_callbacks_settles_a_receive),
    CASE(ended_channel_returns_items_and_then_none),
    CASE(end_fulfills_pending_receives_with_none),
    CASE(failed_channel_returns_items_and_then_rejects),
    CASE(failure_rejects_pending_receives),
    CASE(ended_channel_refuses_sends),
    CASE(close_releases_items_and_rejects_senders),
    CASE(close_discards_a_failure),
    CASE(releasing_the_last_reference_closes),
    CASE(pending_receive_gets_none_after_the_last_unref),
    CASE(canceled_next_takes_no_item),
    CASE(next_with_its_item_cannot_be_canceled),
    CASE(timed_out_next_loses_no_item),
    CASE(received_item_is_released_with_its_promise),
    CASE(canceled_send_releases_its_item),
    CASE(send_with_a_released_promise_continues),
  };
  return RUN(tests);
}
