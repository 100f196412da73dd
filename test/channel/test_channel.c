/* SPDX-License-Identifier: MIT */
/* Channels: order, capacity, the end, and the release of items. */
#include <stdio.h>

#include "items.h"

static void items_come_in_the_order_of_sending(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 100);

  for (int64_t i = 0; i < 100; i++)
    send_int(c, i);

  for (int64_t i = 0; i < 100; i++)
    assert_next_int(c, i);
  avow_channel_unref(c);
}

static void the_ring_goes_round(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 13);

  for (int64_t i = 0; i < 1000; i++) {
    for (int64_t k = 0; k < i % 14; k++)
      send_int(c, i + k);
    for (int64_t k = 0; k < i % 14; k++)
      assert_next_int(c, i + k);
  }
  avow_channel_unref(c);
}

static void the_ring_grows_while_it_wraps(void **state) {
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

static void the_first_to_ask_gets_the_first(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);
  assert_int_equal(avow_state(first), AVOW_PENDING);

  send_int(c, 1);
  assert_int_equal(avow_state(first), AVOW_FULFILLED);
  assert_int_equal(avow_state(second), AVOW_PENDING);
  send_int(c, 2);

  assert_fulfils_int(first, 1);
  assert_fulfils_int(second, 2);
  avow_channel_unref(c);
}

static void send_waits_for_room(void **state) {
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

  assert_fulfils_none(second);
  assert_fulfils_none(third);
  avow_channel_unref(c);
}

static void without_room_send_waits_for_a_taker(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *sent = avow_channel_send(c, avow_int(1));
  assert_int_equal(avow_state(sent), AVOW_PENDING);

  assert_next_int(c, 1);
  assert_fulfils_none(sent);
  avow_promise_t *next = avow_channel_next(c);
  send_int(c, 2);

  assert_fulfils_int(next, 2);
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

static void an_error_is_an_item_that_rejects(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);

  assert_settled(avow_channel_send(c, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_int(c, 1);

  assert_rejects(avow_channel_next(c), UV_EIO);
  assert_next_int(c, 1);
  avow_channel_unref(c);
}

static void a_promise_is_an_item_to_wait_for(void **state) {
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

  assert_fulfils_int(asked, 1);
  assert_fulfils_int(next, 2);
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
static void who_waits_gets_what_a_handler_sends(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *first = avow_channel_next(c);
  avow_unref(avow_channel_next(c));
  avow_promise_t *third = avow_channel_next(c);
  avow_promise_t *fourth = avow_channel_next(c);

  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(avow_then(p, send_one_of_each, NULL, c)));

  assert_fulfils_int(first, 1);
  assert_rejects(third, UV_EIO);
  assert_fulfils_int(fourth, 4);
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.live, 1); /* the channel */
  avow_channel_unref(c);
}

static void an_item_between_callbacks_wakes_who_waits(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_unref(avow_then(avow_channel_next(c), note_cb, NULL, "item"));
  run();

  assert_int_equal(avow_channel_try_send(c, avow_int(1)), 0);
  run();

  assert_notes("item");
  avow_channel_unref(c);
}

static void after_the_end_there_is_none_for_ever(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *stuck = avow_channel_send(c, avow_int(2));

  avow_channel_end(c);
  avow_channel_fail(c, avow_error(UV_EIO)); /* too late */

  assert_next_int(c, 1);
  assert_next_int(c, 2);
  assert_fulfils_none(stuck);
  assert_fulfils_none(avow_channel_next(c));
  assert_fulfils_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void the_end_wakes_all_who_wait(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  avow_channel_end(c);

  assert_fulfils_none(first);
  assert_fulfils_none(second);
  avow_channel_unref(c);
}

static void a_failure_comes_after_the_items_for_ever(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);

  avow_channel_fail(c, avow_string("why"));

  assert_next_int(c, 1);
  assert_rejects(avow_channel_next(c), AVOW_EREASON);
  assert_rejects(avow_channel_next(c), AVOW_EREASON);
  assert_rejects(avow_channel_send(c, avow_int(1)), AVOW_EREASON);
  avow_channel_unref(c);
}

static void a_failure_wakes_all_who_wait(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "broken"));

  assert_rejects(first, UV_EIO);
  assert_rejects(second, UV_EIO);
  avow_channel_unref(c);
}

static void nothing_can_be_sent_after_the_end(void **state) {
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
  assert_fulfils_none(avow_channel_next(c));
  assert_rejects(avow_channel_send(c, avow_int(1)), UV_EPIPE);
  avow_channel_unref(c);
}

static void close_forgets_a_failure(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "broken"));

  avow_channel_close(c);

  assert_fulfils_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void the_last_reference_closes(void **state) {
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

static void whoever_waits_at_the_last_reference_gets_none(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);

  avow_channel_unref(c);

  assert_fulfils_none(next);
}

static void a_cancelled_next_takes_nothing(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);
  avow_promise_t *third = avow_channel_next(c);

  avow_cancel(second);
  send_int(c, 1);
  send_int(c, 2);

  assert_fulfils_int(first, 1);
  assert_rejects(second, UV_ECANCELED);
  assert_fulfils_int(third, 2);
  avow_channel_unref(c);
}

static void a_next_that_has_its_item_cannot_be_cancelled(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);
  send_int(c, 1);

  avow_cancel(next);

  assert_fulfils_int(next, 1);
  avow_channel_unref(c);
}

static void a_next_that_times_out_loses_nothing(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);

  assert_rejects(avow_timeout(avow_channel_next(c), 1), UV_ETIMEDOUT);
  send_int(c, 1);

  assert_fulfils_int(avow_timeout(avow_channel_next(c), 1), 1);
  avow_channel_unref(c);
}

static void an_item_goes_with_the_promise_that_has_it(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *next = avow_channel_next(c);
  assert_settled(avow_channel_send(c, thing("taken")), AVOW_FULFILLED);

  assert_notes("");
  avow_unref(next);

  assert_notes("taken");
  avow_channel_unref(c);
}

static void a_cancelled_send_takes_its_item_back(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *second = avow_channel_send(c, thing("back"));
  avow_promise_t *third = avow_channel_send(c, avow_int(3));

  avow_cancel(second);

  assert_notes("back");
  assert_rejects(second, UV_ECANCELED);
  assert_next_int(c, 1);
  assert_next_int(c, 3);
  assert_fulfils_none(third);
  avow_channel_unref(c);
}

static void a_send_that_nobody_waits_for_goes_on(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_unref(avow_channel_send(c, avow_int(1)));

  assert_next_int(c, 1);
  avow_channel_unref(c);
}

SUITE(channel) {
  const struct CMUnitTest tests[] = {
    CASE(items_come_in_the_order_of_sending),
    CASE(the_ring_goes_round),
    CASE(the_ring_grows_while_it_wraps),
    CASE(the_first_to_ask_gets_the_first),
    CASE(send_waits_for_room),
    CASE(without_room_send_waits_for_a_taker),
    CASE(none_cannot_be_sent),
    CASE(an_error_is_an_item_that_rejects),
    CASE(a_promise_is_an_item_to_wait_for),
    CASE(who_waits_gets_what_a_handler_sends),
    CASE(an_item_between_callbacks_wakes_who_waits),
    CASE(after_the_end_there_is_none_for_ever),
    CASE(the_end_wakes_all_who_wait),
    CASE(a_failure_comes_after_the_items_for_ever),
    CASE(a_failure_wakes_all_who_wait),
    CASE(nothing_can_be_sent_after_the_end),
    CASE(close_releases_items_and_rejects_senders),
    CASE(close_forgets_a_failure),
    CASE(the_last_reference_closes),
    CASE(whoever_waits_at_the_last_reference_gets_none),
    CASE(a_cancelled_next_takes_nothing),
    CASE(a_next_that_has_its_item_cannot_be_cancelled),
    CASE(a_next_that_times_out_loses_nothing),
    CASE(an_item_goes_with_the_promise_that_has_it),
    CASE(a_cancelled_send_takes_its_item_back),
    CASE(a_send_that_nobody_waits_for_goes_on),
  };
  return RUN(tests);
}
