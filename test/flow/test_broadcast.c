/* SPDX-License-Identifier: MIT */
/* Broadcasts: each item reaches all subscribers. */
#include "harness.h"

enum { ROOM = 2 };

static avow_broadcast_t *b;
static avow_channel_t *c, *other;

static int begin(void **state, bool drops) {
  const int err = harness_setup(state);
  const avow_broadcast_options_t options = { .drops = drops };
  b = avow_broadcast_new(loop, ROOM, &options);
  c = avow_broadcast_subscribe(b);
  other = avow_broadcast_subscribe(b);
  return err;
}

static int set_up(void **state) {
  return begin(state, false);
}

static int set_up_dropping(void **state) {
  return begin(state, true);
}

static void release_broadcast(void) {
  avow_broadcast_unref(b);
  b = NULL;
}

static int tear_down(void **state) {
  release_broadcast();
  avow_channel_clear(&c);
  avow_channel_clear(&other);
  run();
  return harness_teardown(state);
}

static void send_item(int64_t item) {
  assert_fulfills_none(avow_broadcast_send(b, avow_int(item)));
}

static void direct_send_to_a_subscriber_is_refused(void **state) {
  assert_rejects(avow_channel_send(c, avow_int(9)), UV_EALREADY);
  send_item(1);
  assert_fulfills_int(avow_channel_next(c), 1);
}

static void assert_missed(avow_promise_t *p, int64_t n) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), AVOW_EMISSED);
  assert_int_equal(avow_to_int(avow_error_cause(&v)), n);
  avow_value_unref(v);
}

static void each_subscriber_receives_every_item_in_order(void **state) {
  avow_promise_t *waits = avow_channel_next(c);
  send_item(1);
  send_item(2);

  assert_fulfills_int(waits, 1);
  assert_fulfills_int(avow_channel_next(c), 2);
  assert_fulfills_int(avow_channel_next(other), 1);
  assert_fulfills_int(avow_channel_next(other), 2);
}

static void late_subscriber_receives_only_later_items(void **state) {
  send_item(1);
  avow_channel_t *late = avow_broadcast_subscribe(b);
  send_item(2);

  assert_fulfills_int(avow_channel_next(late), 2);

  avow_channel_unref(late);
}

static void send_waits_for_the_slowest_subscriber(void **state) {
  send_item(1);
  send_item(2);
  avow_promise_t *waits = avow_broadcast_send(b, avow_int(3));
  assert_fulfills_int(avow_channel_next(c), 1);
  assert_fulfills_int(avow_channel_next(c), 2);
  avow_promise_t *third = avow_channel_next(c);
  run();
  assert_int_equal(avow_state(waits), AVOW_PENDING);
  assert_int_equal(avow_state(third), AVOW_PENDING);

  assert_fulfills_int(avow_channel_next(other), 1);

  assert_fulfills_none(waits);
  assert_fulfills_int(third, 3);
}

static void released_subscriber_does_not_delay_sends(void **state) {
  send_item(1);
  send_item(2);
  avow_promise_t *waits = avow_broadcast_send(b, avow_int(3));
  assert_fulfills_int(avow_channel_next(c), 1);
  assert_int_equal(avow_state(waits), AVOW_PENDING);

  avow_channel_clear(&other);

  assert_fulfills_none(waits);
  assert_fulfills_int(avow_channel_next(c), 2);
  assert_fulfills_int(avow_channel_next(c), 3);
}

static void canceled_send_sends_no_item(void **state) {
  send_item(1);
  send_item(2);
  avow_promise_t *called_off = avow_broadcast_send(b, avow_string("not sent"));
  avow_promise_t *waits = avow_broadcast_send(b, avow_int(4));

  assert_cancels_at_once(called_off);

  avow_channel_clear(&other);
  assert_fulfills_int(avow_channel_next(c), 1);
  assert_fulfills_none(waits);
  assert_fulfills_int(avow_channel_next(c), 2);
  assert_fulfills_int(avow_channel_next(c), 4);
}

static void canceled_receive_takes_no_item(void **state) {
  avow_promise_t *called_off = avow_channel_next(c);
  assert_cancels_at_once(called_off);

  send_item(1);

  assert_fulfills_int(avow_channel_next(c), 1);
}

static void channels_end_after_the_last_item(void **state) {
  avow_broadcast_t *second = avow_broadcast_ref(b);
  send_item(1);
  send_item(2);
  avow_promise_t *waits = avow_broadcast_send(b, avow_int(3));
  avow_broadcast_unref(second);
  release_broadcast();

  for (int64_t i = 1; i <= 3; i++) {
    assert_fulfills_int(avow_channel_next(c), i);
    assert_fulfills_int(avow_channel_next(other), i);
  }
  assert_fulfills_none(waits);
  assert_fulfills_none(avow_channel_next(c));
  assert_fulfills_none(avow_channel_next(other));
}

static void pending_receive_gets_the_end(void **state) {
  avow_promise_t *p = avow_channel_next(c);

  release_broadcast();

  assert_fulfills_none(p);
}

static void items_without_subscribers_are_released_at_once(void **state) {
  avow_channel_clear(&c);
  avow_channel_close(other);
  assert_int_equal(avow_broadcast_subscribers(b), 0);

  for (int i = 0; i < 2 * ROOM; i++)
    assert_fulfills_none(avow_broadcast_send(b, avow_string("for nobody")));

  c = avow_broadcast_subscribe(b);
  assert_int_equal(avow_broadcast_subscribers(b), 1);
  send_item(1);
  assert_fulfills_int(avow_channel_next(c), 1);
}

static void none_is_refused_and_an_error_is_an_item(void **state) {
  assert_rejects(avow_broadcast_send(b, avow_none()), UV_EINVAL);

  assert_fulfills_none(avow_broadcast_send(b, avow_error(UV_EIO)));

  assert_rejects(avow_channel_next(c), UV_EIO);
  assert_rejects(avow_channel_next(other), UV_EIO);
}

static void item_is_stored_once_until_all_have_received_it(void **state) {
  const long before = live_allocations();
  const avow_value_t item = avow_string("in memory of its own");
  assert_fulfills_none(avow_broadcast_send(b, item));
  assert_int_equal(live_allocations(), before + 1);

  avow_ignore(avow_run(avow_channel_next(c)));
  assert_int_equal(live_allocations(), before + 1);
  avow_ignore(avow_run(avow_channel_next(other)));

  assert_int_equal(live_allocations(), before);
}

static void slow_subscriber_gets_the_number_of_missed_items(void **state) {
  for (int64_t i = 1; i <= ROOM + 3; i++) {
    send_item(i);
    if (i < 3)
      assert_fulfills_int(avow_channel_next(other), i);
  }

  assert_missed(avow_channel_next(c), 3);
  assert_fulfills_int(avow_channel_next(c), 4);
  assert_missed(avow_channel_next(other), 1);
  assert_fulfills_int(avow_channel_next(other), 4);
  release_broadcast();
  assert_fulfills_int(avow_channel_next(c), 5);
  assert_fulfills_none(avow_channel_next(c));
}

static void subscriber_with_missed_items_may_be_released(void **state) {
  for (int64_t i = 1; i <= 2 * ROOM; i++)
    send_item(i);

  avow_channel_clear(&other);

  assert_missed(avow_channel_next(c), ROOM);
  assert_fulfills_int(avow_channel_next(c), ROOM + 1);
}

/* The destroyed item sends another one. */

static int sent_again;

static void send_again(void *self) {
  if (b != NULL && sent_again++ < 3)
    avow_unref(avow_broadcast_send(b, avow_int(sent_again)));
}

static const avow_class_t sending = { .name = "sending",
                                      .destroy = send_again };

static void destroyed_item_may_send(void **state) {
  sent_again = 0;
  for (int i = 0; i < ROOM; i++)
    avow_unref(avow_broadcast_send(b, avow_object(&sending, NULL)));

  avow_channel_clear(&other);
  avow_channel_t *gone = c;
  c = avow_broadcast_subscribe(b);
  avow_channel_unref(gone);

  assert_fulfills_int(avow_channel_next(c), 1);
  assert_fulfills_int(avow_channel_next(c), 2);
}

static void dropped_item_may_send(void **state) {
  sent_again = 0;
  avow_channel_clear(&other);
  avow_unref(avow_broadcast_send(b, avow_object(&sending, NULL)));
  avow_unref(avow_broadcast_send(b, avow_object(&sending, NULL)));

  send_item(10);

  assert_missed(avow_channel_next(c), 3);
  assert_fulfills_int(avow_channel_next(c), 1);
  assert_fulfills_int(avow_channel_next(c), 2);
}

static void broadcast_without_memory_rejects(void **state) {
  for (int n = 1; n <= 2; n++) {
    fail_allocation(n, false);
    avow_broadcast_t *lost = avow_broadcast_new(loop, 1, NULL);
    fail_allocation(0, false);

    assert_rejects(avow_broadcast_send(lost, avow_string("x")), UV_ENOMEM);
    assert_int_equal(avow_broadcast_subscribers(lost), 0);
    avow_channel_t *none = avow_broadcast_subscribe(lost);
    assert_rejects(avow_channel_next(none), UV_ENOMEM);
    avow_channel_unref(none);
    avow_broadcast_unref(lost);
  }
}

static void invalid_broadcasts_are_refused(void **state) {
  const avow_broadcast_options_t later = { .reserved = { 1 } };
  avow_broadcast_t *refused = avow_broadcast_new(loop, 1, &later);
  assert_rejects(avow_broadcast_send(refused, avow_int(1)), UV_EINVAL);
  avow_broadcast_unref(refused);

  avow_broadcast_t *huge = avow_broadcast_new(loop, SIZE_MAX, NULL);
  assert_rejects(avow_broadcast_send(huge, avow_int(1)), UV_ENOMEM);
  avow_broadcast_unref(huge);
}

static void broadcast_may_outlive_its_loop(void **state) {
  avow_unref(avow_broadcast_send(b, avow_string("lost")));

  renew_loop();

  avow_unref(avow_broadcast_send(b, avow_string("late")));
  assert_int_equal(avow_broadcast_subscribers(b), 0);
  avow_channel_t *late = avow_broadcast_subscribe(b);
  avow_channel_unref(late);
}

#define WAITING_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define DROPPING_CASE(f) \
  cmocka_unit_test_setup_teardown(f, set_up_dropping, tear_down)

SUITE(broadcast) {
  const struct CMUnitTest tests[] = {
    WAITING_CASE(each_subscriber_receives_every_item_in_order),
    WAITING_CASE(direct_send_to_a_subscriber_is_refused),
    WAITING_CASE(late_subscriber_receives_only_later_items),
    WAITING_CASE(send_waits_for_the_slowest_subscriber),
    WAITING_CASE(released_subscriber_does_not_delay_sends),
    WAITING_CASE(canceled_send_sends_no_item),
    WAITING_CASE(canceled_receive_takes_no_item),
    WAITING_CASE(channels_end_after_the_last_item),
    WAITING_CASE(pending_receive_gets_the_end),
    WAITING_CASE(items_without_subscribers_are_released_at_once),
    WAITING_CASE(none_is_refused_and_an_error_is_an_item),
    WAITING_CASE(item_is_stored_once_until_all_have_received_it),
    WAITING_CASE(destroyed_item_may_send),
    WAITING_CASE(broadcast_without_memory_rejects),
    WAITING_CASE(invalid_broadcasts_are_refused),
    WAITING_CASE(broadcast_may_outlive_its_loop),
    DROPPING_CASE(each_subscriber_receives_every_item_in_order),
    DROPPING_CASE(slow_subscriber_gets_the_number_of_missed_items),
    DROPPING_CASE(subscriber_with_missed_items_may_be_released),
    DROPPING_CASE(dropped_item_may_send),
  };
  return RUN(tests);
}
