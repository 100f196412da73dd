/* SPDX-License-Identifier: MIT */
/* Senders with a capacity, tested on one thread. */
#include <stdio.h>

#include "line.h"

/* Items. */

static void items_arrive_in_order(void **state) {
  line_t line = line_new(0, 3);

  send_ints(line.sender, 1, 3);

  for (int64_t i = 1; i <= 3; i++)
    assert_next_int(line.c, i);
  line_end(line);
}

static void pending_receive_gets_the_item(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *next = avow_channel_next(line.c);

  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_state(next), AVOW_PENDING);

  assert_fulfills_int(next, 1);
  line_end(line);
}

static void channel_capacity_takes_items_without_a_receiver(void **state) {
  line_t line = line_new(2, 3);
  send_ints(line.sender, 1, 3);

  turn();

  avow_promise_t *first = avow_channel_next(line.c);
  assert_int_equal(avow_state(first), AVOW_FULFILLED);
  avow_unref(first);
  assert_next_int(line.c, 2);
  assert_next_int(line.c, 3);
  line_end(line);
}

/* The loop has already received these items, so no wakeup follows. */
static void receive_outside_a_callback_is_served(void **state) {
  line_t line = line_new(0, 2);
  send_ints(line.sender, 1, 2);
  assert_next_int(line.c, 1);

  avow_promise_t *next = avow_channel_next(line.c);
  run();

  assert_int_equal(avow_state(next), AVOW_FULFILLED);
  assert_fulfills_int(next, 2);
  line_end(line);
}

static void try_next_takes_available_items(void **state) {
  line_t line = line_new(0, 2);
  avow_value_t item;
  assert_int_equal(avow_channel_try_next(line.c, &item), UV_EAGAIN);
  send_ints(line.sender, 1, 2);

  assert_int_equal(avow_channel_try_next(line.c, &item), 0);
  assert_int_equal(avow_to_int(&item), 1);
  send_ints(line.sender, 3, 4);
  assert_next_int(line.c, 2);
  assert_int_equal(avow_channel_try_next(line.c, &item), 0);
  assert_int_equal(avow_to_int(&item), 3);
  assert_next_int(line.c, 4);

  assert_int_equal(avow_channel_try_next(line.c, &item), UV_EAGAIN);
  line_end(line);
}

/* Capacity. */

static void try_send_fails_when_the_sender_is_full(void **state) {
  line_t line = line_new(0, 1);
  const avow_value_t item = parcel("item");
  send_ints(line.sender, 1, 1);

  assert_int_equal(avow_sender_try_send(line.sender, item), UV_EAGAIN);
  assert_notes(""); /* still belongs to the test */
  assert_next_int(line.c, 1);
  assert_int_equal(avow_sender_try_send(line.sender, item), 0);

  avow_ignore(avow_run(avow_channel_next(line.c)));
  assert_notes("item");
  line_end(line);
}

static int64_t fill(const avow_sender_t *sender) {
  int64_t n = 0;
  while (avow_sender_try_send(sender, avow_int(n)) == 0)
    n++;
  return n;
}

/* The bound is the sender's capacity, the items in transit but one, and the
   channel's capacity. */
static void items_in_transit_are_bounded(void **state) {
  line_t line = line_new(3, 10);
  int64_t sent = 0;

  for (int i = 0; i < 10; i++) {
    sent += fill(line.sender);
    turn();
  }

  assert_int_in_range(sent, 3 + 10, 3 + 10 + 10);
  line_end(line);
}

static void replace_drops_the_oldest_item(void **state) {
  line_t line = line_new(0, 2);

  assert_int_equal(avow_sender_replace(line.sender, parcel("one")), 0);
  assert_int_equal(avow_sender_replace(line.sender, avow_int(2)), 0);
  assert_notes("");
  assert_int_equal(avow_sender_replace(line.sender, avow_int(3)), 0);

  assert_notes("one");
  assert_next_int(line.c, 2);
  assert_next_int(line.c, 3);
  line_end(line);
}

static void blocking_send_on_the_loop_thread_is_refused(void **state) {
  line_t line = line_new(0, 1);

  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("one")), 0);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("two")),
                   AVOW_EMISUSE);

  assert_notes("two");
  line_end(line);
  assert_notes("one");
}

static avow_value_t fill_up(const avow_value_t *none, void *sender) {
  assert_int_equal(avow_sender_blocking_send(sender, avow_int(1)), 0);
  assert_int_equal(avow_sender_blocking_send(sender, avow_int(2)),
                   AVOW_EMISUSE);
  return avow_none();
}

static void run_loop(void *data) {
  run();
}

static void run_on_another_thread(void) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, run_loop, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* A handler runs on the loop's thread, whichever thread made the sender. */
static void blocking_send_in_a_handler_is_refused(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, fill_up, NULL, line.sender));

  run_on_another_thread();

  line_end(line);
}

static uv_idle_t busy; /* keeps the loop from blocking */

static void keep_busy(uv_idle_t *idle) {
}

static void check_and_fill_up(uv_check_t *check) {
  (void) fill_up(NULL, check->data);
  uv_close((uv_handle_t *) check, NULL);
  uv_close((uv_handle_t *) &busy, NULL);
}

/* A libuv callback that avow did not install. */
static void blocking_send_in_a_callback_is_refused(void **state) {
  line_t line = line_new(0, 1);
  uv_check_t check = { .data = line.sender };
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_idle_init(loop, &busy), 0);
  assert_int_equal(uv_check_start(&check, check_and_fill_up), 0);
  assert_int_equal(uv_idle_start(&busy, keep_busy), 0);

  run_on_another_thread();

  line_end(line);
}

/* Refused items. */

static void values_that_are_not_sendable_are_released(void **state) {
  line_t line = line_new(1, 1);

  assert_int_equal(avow_sender_try_send(line.sender, thing("a")), AVOW_EMISUSE);
  assert_int_equal(avow_sender_blocking_send(line.sender, thing("b")),
                   AVOW_EMISUSE);
  assert_int_equal(avow_sender_replace(line.sender, thing("c")), AVOW_EMISUSE);

  assert_notes("a b c");
  line_end(line);
}

static void promise_is_not_sendable(void **state) {
  line_t line = line_new(1, 1);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_int_equal(avow_sender_blocking_send(line.sender, avow_follow(p)),
                   AVOW_EMISUSE);

  line_end(line);
}

static void bytes_and_errors_are_sendable(void **state) {
  line_t line = line_new(0, 2);
  const avow_value_t cause = avow_string("why");

  assert_int_equal(avow_sender_blocking_send(line.sender, avow_string("text")),
                   0);
  assert_int_equal(avow_sender_blocking_send(line.sender,
                                             avow_error_new(UV_EIO, cause,
                                                            "broken")),
                   0);

  assert_fulfills_bytes(avow_channel_next(line.c), "text");
  assert_says(avow_channel_next(line.c), UV_EIO, "broken");
  line_end(line);
}

static void none_is_refused(void **state) {
  line_t line = line_new(1, 1);

  assert_int_equal(avow_sender_try_send(line.sender, avow_none()), UV_EINVAL);
  assert_int_equal(avow_sender_blocking_send(line.sender, avow_none()),
                   UV_EINVAL);
  assert_int_equal(avow_sender_replace(line.sender, avow_none()), UV_EINVAL);

  line_end(line);
}

static void second_sender_of_a_channel_is_refused(void **state) {
  line_t line = line_new(1, 1);

  avow_sender_t *second = avow_sender_new(line.c, 1);

  assert_all_refuse(second, UV_EALREADY);
  avow_sender_unref(second);
  send_ints(line.sender, 1, 1);
  assert_next_int(line.c, 1);
  line_end(line);
}

static void channel_fed_by_libuv_refuses_senders(void **state) {
  avow_channel_t *c = avow_ticks(loop, 1000);
  avow_sender_t *sender = avow_sender_new(c, 1);

  assert_all_refuse(sender, UV_EALREADY);

  avow_sender_unref(sender);
  avow_channel_unref(c);
}

static void ended_channel_refuses_senders(void **state) {
  avow_channel_t *ended = avow_channel_new(loop, 0);
  avow_channel_t *failed = avow_channel_new(loop, 0);
  avow_channel_end(ended);
  avow_channel_fail(failed, avow_error(UV_EIO));

  avow_sender_t *sender = avow_sender_new(ended, 1);
  assert_all_refuse(sender, UV_EPIPE);
  avow_sender_unref(sender);
  sender = avow_sender_new(failed, 1);
  assert_all_refuse(sender, UV_EIO);
  avow_sender_unref(sender);

  avow_channel_unref(ended);
  avow_channel_unref(failed);
}

static void sender_without_memory_refuses_items(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  fail_allocation(1, true);
  avow_channel_t *none = avow_channel_new(loop, SIZE_MAX);
  avow_sender_t *one = avow_sender_new(c, 1);
  avow_sender_t *other = avow_sender_new(none, 1);
  fail_allocation(0, false);

  assert_all_refuse(one, UV_ENOMEM);
  assert_all_refuse(other, UV_ENOMEM);
  assert_rejects(avow_channel_next(c), UV_ENOMEM);

  avow_sender_unref(avow_sender_ref(one));
  avow_sender_unref(one);
  avow_sender_unref(other);
  avow_channel_unref(none);
  avow_channel_unref(c);
}

static void capacity_above_memory_is_refused(void **state) {
  line_t line = line_new(0, SIZE_MAX);

  assert_all_refuse(line.sender, UV_ENOMEM);

  line_end(line);
}

#ifndef NDEBUG

static void send_unsendable_value(void) {
  line_t line = line_new(0, 1);
  assert_int_equal(avow_sender_try_send(line.sender, thing("a")), AVOW_EMISUSE);
  line_end(line);
}

static void send_to_itself(void) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_sender_blocking_send(line.sender, avow_int(2)),
                   AVOW_EMISUSE);
  line_end(line);
}

static void assert_advises(void (*fn)(void), const char *words) {
  char text[1000];
  FILE *file = stderr_of(fn);
  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  (void) fclose(file);
  assert_non_null(strstr(text, words));
}

static void misuse_is_explained(void **state) {
  assert_advises(send_unsendable_value,
                 "avow: avow_sender_try_send(): value of type ");
  assert_advises(send_to_itself, "called on the loop's thread");
}

#endif

/* Sending with a promise. */

static void send_fulfills_when_the_item_is_buffered(void **state) {
  line_t line = line_new(0, 1);

  assert_fulfills_none(avow_sender_send(line.sender, avow_int(1)));
  avow_promise_t *p = avow_sender_send(line.sender, avow_int(2));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_next_int(line.c, 1);
  assert_fulfills_none(p);
  assert_next_int(line.c, 2);
  line_end(line);
}

static void sends_of_all_kinds_keep_their_order(void **state) {
  line_t line = line_new(0, 2);
  avow_promise_t *ps[4];

  send_ints(line.sender, 1, 1);
  for (int i = 0; i < 3; i++)
    ps[i] = avow_sender_send(line.sender, avow_int(2 + i));
  assert_int_equal(avow_sender_try_send(line.sender, avow_int(0)), UV_EAGAIN);
  ps[3] = avow_sender_send(line.sender, avow_int(5));

  for (int64_t i = 1; i <= 5; i++)
    assert_next_int(line.c, i);
  for (int i = 0; i < 4; i++)
    assert_fulfills_none(ps[i]);
  line_end(line);
}

static void canceled_send_releases_its_item(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, parcel("taken back"));
  avow_promise_t *last = avow_sender_send(line.sender, avow_int(2));

  assert_cancels_at_once(p);

  assert_notes("taken back");
  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_fulfills_none(last);
  line_end(line);
}

static void pending_sends_precede_the_end(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, avow_int(2));

  avow_sender_unref(line.sender);

  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_fulfills_none(p);
  assert_fulfills_none(avow_channel_next(line.c));
  avow_channel_unref(line.c);
}

static void failed_channel_rejects_pending_sends(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, parcel("waits"));

  avow_channel_fail(line.c, avow_error(UV_EIO));

  assert_notes("waits");
  assert_rejects(p, UV_EPIPE);
  assert_rejects(avow_sender_send(line.sender, parcel("late")), UV_EIO);
  assert_notes("late");
  line_end(line);
}

static void send_refuses_values_that_are_not_sendable(void **state) {
  line_t line = line_new(1, 1);

  assert_rejects(avow_sender_send(line.sender, thing("a")), AVOW_EMISUSE);
  assert_rejects(avow_sender_send(line.sender, avow_none()), UV_EINVAL);

  assert_notes("a");
  line_end(line);
}

static void loop_close_rejects_pending_sends(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, parcel("waits"));

  renew_loop();

  assert_notes("waits");
  assert_rejects(p, UV_ECANCELED);
  p = avow_sender_send(line.sender, parcel("late"));
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_notes("late");
  line_end(line);
}

SUITE(sender_buffer) {
  const struct CMUnitTest tests[] = {
    CASE(items_arrive_in_order),
    CASE(pending_receive_gets_the_item),
    CASE(channel_capacity_takes_items_without_a_receiver),
    CASE(receive_outside_a_callback_is_served),
    CASE(try_next_takes_available_items),
    CASE(try_send_fails_when_the_sender_is_full),
    CASE(items_in_transit_are_bounded),
    CASE(replace_drops_the_oldest_item),
    CASE(blocking_send_on_the_loop_thread_is_refused),
    CASE(blocking_send_in_a_handler_is_refused),
    CASE(blocking_send_in_a_callback_is_refused),
    CASE(values_that_are_not_sendable_are_released),
    CASE(promise_is_not_sendable),
#ifndef NDEBUG
    CASE(misuse_is_explained),
#endif
    CASE(bytes_and_errors_are_sendable),
    CASE(none_is_refused),
    CASE(second_sender_of_a_channel_is_refused),
    CASE(channel_fed_by_libuv_refuses_senders),
    CASE(ended_channel_refuses_senders),
    CASE(sender_without_memory_refuses_items),
    CASE(capacity_above_memory_is_refused),
    CASE(send_fulfills_when_the_item_is_buffered),
    CASE(sends_of_all_kinds_keep_their_order),
    CASE(canceled_send_releases_its_item),
    CASE(pending_sends_precede_the_end),
    CASE(failed_channel_rejects_pending_sends),
    CASE(send_refuses_values_that_are_not_sendable),
    CASE(loop_close_rejects_pending_sends),
  };
  return RUN(tests);
}
