/* SPDX-License-Identifier: MIT */
/* The end of senders: with their channel, their loop, or their last release. */
#include "line.h"

static void assert_end(const avow_channel_t *c) {
  assert_fulfils_none(avow_channel_next(c));
}

/* The end. */

static void the_last_to_let_go_ends_the_channel(void **state) {
  line_t line = line_new(0, 2);
  avow_sender_t *other = avow_sender_ref(line.sender);
  send_ints(line.sender, 1, 2);

  avow_sender_clear(&line.sender);
  assert_null(line.sender);
  assert_next_int(line.c, 1);
  avow_promise_t *second = avow_channel_next(line.c);
  avow_promise_t *third = avow_channel_next(line.c);
  assert_fulfils_int(second, 2);
  assert_int_equal(avow_state(third), AVOW_PENDING);
  avow_sender_unref(other);

  assert_fulfils_none(third);
  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void what_was_sent_comes_before_the_end(void **state) {
  line_t line = line_new(0, 2);
  send_ints(line.sender, 1, 2);

  avow_sender_unref(line.sender);

  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void nothing_sent_is_an_end_too(void **state) {
  line_t line = line_new(0, 2);

  avow_sender_unref(line.sender);

  assert_end(line.c);
  avow_channel_unref(line.c);
}

static void an_end_is_heard_without_being_asked_for(void **state) {
  line_t line = line_new(1, 2);

  avow_sender_unref(line.sender);
  turn();

  assert_rejects(avow_channel_send(line.c, avow_int(1)), UV_EPIPE);
  avow_channel_unref(line.c);
}

static void a_channel_that_ends_takes_no_more(void **state) {
  line_t line = line_new(0, 2);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("inside")), 0);

  avow_channel_end(line.c);

  assert_notes("inside");
  assert_all_refuse(line.sender, UV_EPIPE);
  line_end(line);
}

static void a_channel_that_fails_says_why(void **state) {
  line_t line = line_new(0, 2);

  avow_channel_fail(line.c, avow_error(UV_ENOSPC));

  assert_all_refuse(line.sender, UV_ENOSPC);
  line_end(line);
}

static void a_channel_that_is_let_go_takes_no_more(void **state) {
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

static void a_handler_may_close_what_it_takes_from(void **state) {
  line_t line = line_new(0, 3);
  avow_unref(avow_then(avow_channel_next(line.c), unref_channel, NULL, line.c));
  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("second")), 0);

  run();

  assert_notes("second");
  assert_all_refuse(line.sender, UV_EPIPE);
  avow_sender_unref(line.sender);
}

static void an_item_without_memory_fails_the_channel(void **state) {
  line_t line = line_new(9, 10);
  send_ints(line.sender, 1, 8);
  turn();
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("ninth")), 0);

  avow_promise_t *nap = avow_sleep(loop, 1);
  fail_allocation(1, true);
  run();
  fail_allocation(0, false);

  assert_fulfils_none(nap);
  assert_notes("ninth");
  assert_all_refuse(line.sender, UV_ENOMEM);
  line_end(line);
}

/* Loops. */

static void it_keeps_the_loop_while_somebody_waits(void **state) {
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

  assert_fulfils_int(next, 1);
  assert_false(uv_loop_alive(loop));
  line_end(line);
}

static void an_end_keeps_nothing_alive(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *next = avow_channel_next(line.c);

  avow_channel_end(line.c);

  assert_fulfils_none(next);
  assert_false(uv_loop_alive(loop));
  line_end(line);
}

static void closing_the_loop_releases_what_is_inside(void **state) {
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

static void closing_the_loop_forgets_who_called(void **state) {
  line_t line = line_new(0, 1);
  assert_int_equal(avow_sender_blocking_send(line.sender, parcel("sent")), 0);

  renew_loop();

  assert_notes("sent");
  avow_sender_t *late = avow_sender_new(line.c, 1);
  assert_all_refuse(late, UV_ECANCELED);
  avow_sender_unref(late);
  line_end(line);
}

static void ask_once_more(void *c) {
  avow_unref(avow_channel_next(c));
}

/* While the loop closes, receives continue, and items that were in transit
   return to the loop. */
static void a_loop_that_closes_may_want_items(void **state) {
  line_t line = line_new(0, 2);
  avow_promise_t *next = avow_channel_next(line.c);
  send_ints(line.sender, 1, 2);
  assert_fulfils_int(next, 1); /* the second item is kept */
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  avow_on_cancel(d, ask_once_more, line.c);

  renew_loop();

  avow_deferred_drop(d);
  line_end(line);
}

static void make_another(void *channel) {
  avow_sender_t *late = avow_sender_new(channel, 1);
  assert_all_refuse(late, UV_ECANCELED);
  avow_sender_unref(late);
}

static void a_loop_that_closes_gives_no_sender(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  avow_on_cancel(d, make_another, c);

  renew_loop();

  avow_deferred_drop(d);
  avow_channel_unref(c);
}

static unsigned wanted; /* number of waits */

static void want_the_next(void *c) {
  avow_promise_t *next = avow_channel_next(c);
  wanted += avow_state(next) == AVOW_PENDING;
  avow_unref(next);
}

static void put_wanting(const avow_channel_t *to, avow_channel_t *c) {
  static const avow_class_t wanting = { .name = "wanting",
                                        .destroy = want_the_next };
  avow_unref(avow_channel_send(to, avow_object(&wanting, c)));
}

/* The items return when delivery has ended. The order in which channels close
   is unspecified, so there are channels on both sides. */
static void the_end_of_another_channel_may_want_items(void **state) {
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
  assert_fulfils_int(next, 1); /* the second item is kept */

  renew_loop();

  assert_true(wanted > 0);
  for (int i = 0; i < N; i++)
    avow_channel_unref(others[i]);
  line_end(line);
}

static void after_all_handles_were_closed_it_ends(void **state) {
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

static void a_loop_without_avow_has_no_sender(void **state) {
  assert_misuse(without_avow, "loop is not initialized");
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

static void using_one_that_is_gone_is_misuse(void **state) {
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
    CASE(the_last_to_let_go_ends_the_channel),
    CASE(what_was_sent_comes_before_the_end),
    CASE(nothing_sent_is_an_end_too),
    CASE(an_end_is_heard_without_being_asked_for),
    CASE(a_channel_that_ends_takes_no_more),
    CASE(a_channel_that_fails_says_why),
    CASE(a_channel_that_is_let_go_takes_no_more),
    CASE(a_handler_may_close_what_it_takes_from),
    CASE(an_item_without_memory_fails_the_channel),
    CASE(it_keeps_the_loop_while_somebody_waits),
    CASE(an_end_keeps_nothing_alive),
    CASE(closing_the_loop_releases_what_is_inside),
    CASE(closing_the_loop_forgets_who_called),
    CASE(a_loop_that_closes_may_want_items),
    CASE(the_end_of_another_channel_may_want_items),
    CASE(a_loop_that_closes_gives_no_sender),
    CASE(after_all_handles_were_closed_it_ends),
    CASE(a_loop_without_avow_has_no_sender),
    CASE(using_one_that_is_gone_is_misuse),
    CASE(null_is_misuse),
  };
  return RUN(tests);
}
