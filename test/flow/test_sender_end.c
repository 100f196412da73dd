/* SPDX-License-Identifier: MIT */
/* The end of senders: with their channel, their loop, or their last release. */
#include "line.h"

static void assert_end(const avow_channel_t *c) {
  assert_fulfills_none(avow_channel_next(c));
}

/* The end. */

static void last_release_ends_the_channel(void **state) {
  line_t line = line_new(0, 2);
  avow_sender_t *other = avow_sender_ref(line.sender);
  send_ints(line.sender, 1, 2);

  avow_sender_clear(&line.sender);
  assert_null(line.sender);
  assert_next_int(line.c, 1);
  avow_promise_t *second = avow_channel_next(line.c);
  avow_promise_t *third = avow_channel_next(line.c);
  assert_fulfills_int(second, 2);
  assert_int_equal(avow_state(third), AVOW_PENDING);
  avow_sender_unref(other);

  assert_fulfills_none(third);
  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void sent_items_precede_the_end(void **state) {
  line_t line = line_new(0, 2);
  send_ints(line.sender, 1, 2);

  avow_sender_unref(line.sender);

  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void release_without_a_send_ends_the_channel(void **state) {
  line_t line = line_new(0, 2);

  avow_sender_unref(line.sender);

  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void end_takes_effect_without_a_receive(void **state) {
  line_t line = line_new(1, 2);

  avow_sender_unref(line.sender);
  turn();

  assert_rejects(avow_channel_send(line.c, avow_int(1)), UV_EPIPE);
  avow_channel_unref(line.c);
}

static void ended_channel_refuses_sends(void **state) {
  line_t line = line_new(0, 2);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("inside")), 0);

  avow_channel_end(line.c);

  assert_notes("inside");
  assert_all_refuse(line.sender, UV_EPIPE);
  line_end(line);
}

static void failed_channel_refuses_sends_with_its_error(void **state) {
  line_t line = line_new(0, 2);

  avow_channel_fail(line.c, avow_error(UV_ENOSPC));

  assert_all_refuse(line.sender, UV_ENOSPC);
  line_end(line);
}

static void released_channel_refuses_sends(void **state) {
  line_t line = line_new(1, 1);
  send_ints(line.sender, 1, 1);
  turn();
  send_ints(line.sender, 2, 2);
  turn(); /* the channel is full, and the loop has received the rest */

  avow_channel_unref(line.c);

  assert_all_refuse(line.sender, UV_EPIPE);
  avow_sender_unref(line.sender);
}

static avow_value_t unref_channel(const avow_value_t *item, void *c) {
  avow_channel_unref(c);
  return avow_none();
}

static void receive_handler_may_release_the_channel(void **state) {
  line_t line = line_new(0, 3);
  avow_unref(avow_then(avow_channel_next(line.c), unref_channel, NULL, line.c));
  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("second")), 0);

  run();

  assert_notes("second");
  assert_all_refuse(line.sender, UV_EPIPE);
  avow_sender_unref(line.sender);
}

static void item_without_memory_fails_the_channel(void **state) {
  line_t line = line_new(9, 10);
  send_ints(line.sender, 1, 8);
  turn();
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("ninth")), 0);

  avow_promise_t *nap = avow_sleep(loop, 1);
  fail_allocation(1, true);
  run();
  fail_allocation(0, false);

  assert_fulfills_none(nap);
  assert_notes("ninth");
  assert_all_refuse(line.sender, UV_ENOMEM);
  line_end(line);
}

/* Loops. */

static void only_a_pending_receive_keeps_the_loop_alive(void **state) {
  line_t line = line_new(0, 1);
  assert_false(uv_loop_alive(loop));

  avow_promise_t *next = avow_channel_next(line.c);
  assert_true(uv_loop_alive(loop));
  avow_cancel(next);
  assert_false(uv_loop_alive(loop));
  assert_rejects(next, UV_ECANCELED);
  send_ints(line.sender, 1, 1);
  turn(); /* no receive is pending */
  next = avow_channel_next(line.c);
  assert_true(uv_loop_alive(loop));

  assert_fulfills_int(next, 1);
  assert_false(uv_loop_alive(loop));
  line_end(line);
}

static void ended_channel_does_not_keep_the_loop_alive(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *next = avow_channel_next(line.c);

  avow_channel_end(line.c);

  assert_fulfills_none(next);
  assert_false(uv_loop_alive(loop));
  line_end(line);
}

static void loop_close_releases_sent_and_buffered_items(void **state) {
  line_t line = line_new(1, 2);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("taken")), 0);
  turn();
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("held")), 0);
  turn();
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("sent")), 0);

  renew_loop();

  assert_notes("held sent taken");
  assert_all_refuse(line.sender, UV_ECANCELED);
  line_end(line);
}

static void loop_close_refuses_later_senders(void **state) {
  line_t line = line_new(0, 1);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("sent")), 0);

  renew_loop();

  assert_notes("sent");
  avow_sender_t *late = avow_sender_new(line.c, 1);
  assert_all_refuse(late, UV_ECANCELED);
  avow_sender_unref(late);
  line_end(line);
}

static void receive_again(void *c) {
  avow_unref(avow_channel_next(c));
}

/* While the loop closes, receives continue, and items that were in transit
   return to the loop. */
static void receive_during_loop_close_is_permitted(void **state) {
  line_t line = line_new(0, 2);
  avow_promise_t *next = avow_channel_next(line.c);
  send_ints(line.sender, 1, 2);
  assert_fulfills_int(next, 1); /* the second item is kept */
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  avow_on_cancel(d, receive_again, line.c);

  renew_loop();

  avow_deferred_drop(d);
  line_end(line);
}

static void make_another(void *channel) {
  avow_sender_t *late = avow_sender_new(channel, 1);
  assert_all_refuse(late, UV_ECANCELED);
  avow_sender_unref(late);
}

static void sender_during_loop_close_is_refused(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  avow_on_cancel(d, make_another, c);

  renew_loop();

  avow_deferred_drop(d);
  avow_channel_unref(c);
}

static unsigned wanted; /* number of waits */

static void receive_on_destroy(void *c) {
  avow_promise_t *next = avow_channel_next(c);
  wanted += avow_state(next) == AVOW_PENDING;
  avow_unref(next);
}

static void put_wanting(const avow_channel_t *to, avow_channel_t *c) {
  static const avow_class_t wanting = { .name = "wanting",
                                        .destroy = receive_on_destroy };
  avow_unref(avow_channel_send(to, avow_object(&wanting, c)));
}

/* The items return when delivery has ended. The order in which channels close
   is unspecified, so there are channels on both sides. */
static void destroyed_item_may_receive_during_loop_close(void **state) {
  enum { N = 8 };
  avow_channel_t *others[N];
  wanted = 0;
  for (int i = 0; i < N / 2; i++)
    others[i] = avow_channel_new(loop, 1);
  line_t line = line_new(0, 2);
  for (int i = N / 2; i < N; i++)
    others[i] = avow_channel_new(loop, 1);
  for (int i = 0; i < N; i++)
    put_wanting(others[i], line.c);
  avow_promise_t *next = avow_channel_next(line.c);
  send_ints(line.sender, 1, 2);
  assert_fulfills_int(next, 1); /* the second item is kept */

  renew_loop();

  assert_true(wanted > 0);
  for (int i = 0; i < N; i++)
    avow_channel_unref(others[i]);
  line_end(line);
}

static void loop_close_after_closed_handles_releases_items(void **state) {
  line_t line = line_new(0, 1);
  uv_walk(loop, close_handle, NULL);
  run();
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("late")), 0);

  renew_loop();

  assert_notes("late");
  line_end(line);
}

static void without_avow(void) {
  uv_loop_t other;
  if (start_loop(&other) != 0)
    abort();
  avow_channel_t *c = avow_channel_new(&other, 1);
  avow_sender_t *sender = avow_sender_new(c, 1);
  if (avow_sender_blocking_send(sender, avow_int(1)) == 0)
    abort();
  avow_sender_unref(sender);
  avow_channel_unref(c);
  (void) uv_loop_close(&other); /* 0: no handle is left */
}

static void sender_of_an_uninitialized_loop_is_misuse(void **state) {
  assert_misuse(without_avow, "loop is closed or not initialized");
}

static void use_after_the_last_unref(void) {
  line_t line = line_new(0, 1);
  avow_sender_t *sender = line.sender;
  avow_channel_end(line.c);
  line_end(line);
#ifndef NDEBUG
  (void) avow_sender_blocking_send(sender, avow_int(1)); /* it is freed */
#else
  (void) sender;
#endif
}

static void use_of_a_freed_sender_is_misuse(void **state) {
  assert_misuse(use_after_the_last_unref, "avow_sender_unref");
}

static void use_of_null(void) {
  if (avow_sender_try_send(NULL, avow_int(1)) != AVOW_EMISUSE)
    abort();
}

static void channel_of_null(void) {
  avow_sender_t *sender = avow_sender_new(NULL, 1);
  if (avow_sender_try_send(sender, avow_int(1)) != AVOW_EMISUSE)
    abort();
  avow_sender_unref(sender);
}

static void null_is_misuse(void **state) {
  assert_misuse(use_of_null, "sender is NULL");
  assert_misuse(channel_of_null, "channel is NULL");
  avow_sender_unref(NULL);
}

SUITE(sender_end) {
  const struct CMUnitTest tests[] = {
    CASE(last_release_ends_the_channel),
    CASE(sent_items_precede_the_end),
    CASE(release_without_a_send_ends_the_channel),
    CASE(end_takes_effect_without_a_receive),
    CASE(ended_channel_refuses_sends),
    CASE(failed_channel_refuses_sends_with_its_error),
    CASE(released_channel_refuses_sends),
    CASE(receive_handler_may_release_the_channel),
    CASE(item_without_memory_fails_the_channel),
    CASE(only_a_pending_receive_keeps_the_loop_alive),
    CASE(ended_channel_does_not_keep_the_loop_alive),
    CASE(loop_close_releases_sent_and_buffered_items),
    CASE(loop_close_refuses_later_senders),
    CASE(receive_during_loop_close_is_permitted),
    CASE(destroyed_item_may_receive_during_loop_close),
    CASE(sender_during_loop_close_is_refused),
    CASE(loop_close_after_closed_handles_releases_items),
    CASE(sender_of_an_uninitialized_loop_is_misuse),
    CASE(use_of_a_freed_sender_is_misuse),
    CASE(null_is_misuse),
  };
  return RUN(tests);
}
