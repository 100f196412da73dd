/* SPDX-License-Identifier: MIT */
/* Senders with a capacity, tested on one thread. */
#include <stdio.h>

#include "line.h"

/* Items. */

static void items_come_in_order(void **state) {
  line_t line = line_new(0, 3);

  send_ints(line.sender, 1, 3);

  for (int64_t i = 1; i <= 3; i++)
    assert_next_int(line.c, i);
  line_end(line);
}

static void an_item_comes_to_who_waits(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *next = avow_channel_next(line.c);

  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_state(next), AVOW_PENDING);

  assert_fulfils_int(next, 1);
  line_end(line);
}

static void a_channel_with_room_takes_what_nobody_waits_for(void **state) {
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
static void asking_between_callbacks_is_heard(void **state) {
  line_t line = line_new(0, 2);
  send_ints(line.sender, 1, 2);
  assert_next_int(line.c, 1);

  avow_promise_t *next = avow_channel_next(line.c);
  run();

  assert_int_equal(avow_state(next), AVOW_FULFILLED);
  assert_fulfils_int(next, 2);
  line_end(line);
}

static void who_does_not_wait_gets_what_is_there(void **state) {
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

static void try_says_when_there_is_no_room(void **state) {
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
static void what_is_under_way_is_bounded(void **state) {
  line_t line = line_new(3, 10);
  int64_t sent = 0;

  for (int i = 0; i < 10; i++) {
    sent += fill(line.sender);
    turn();
  }

  assert_int_in_range(sent, 3 + 10, 3 + 10 + 10);
  line_end(line);
}

static void replace_drops_the_oldest(void **state) {
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

static void send_does_not_wait_for_itself(void **state) {
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

static void run_elsewhere(void) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, run_loop, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* A handler runs on the loop's thread, whichever thread made the sender. */
static void a_handler_does_not_wait_for_itself(void **state) {
  line_t line = line_new(0, 1);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, fill_up, NULL, line.sender));

  run_elsewhere();

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
static void a_callback_does_not_wait_for_itself(void **state) {
  line_t line = line_new(0, 1);
  uv_check_t check = { .data = line.sender };
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_idle_init(loop, &busy), 0);
  assert_int_equal(uv_check_start(&check, check_and_fill_up), 0);
  assert_int_equal(uv_idle_start(&busy, keep_busy), 0);

  run_elsewhere();

  line_end(line);
}

/* Refused items. */

static void what_stays_is_refused_and_released(void **state) {
  line_t line = line_new(1, 1);

  assert_int_equal(avow_sender_try_send(line.sender, thing("a")), AVOW_EMISUSE);
  assert_int_equal(avow_sender_blocking_send(line.sender, thing("b")),
                   AVOW_EMISUSE);
  assert_int_equal(avow_sender_replace(line.sender, thing("c")), AVOW_EMISUSE);

  assert_notes("a b c");
  line_end(line);
}

static void a_promise_stays(void **state) {
  line_t line = line_new(1, 1);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_int_equal(avow_sender_blocking_send(line.sender, avow_follow(p)),
                   AVOW_EMISUSE);

  line_end(line);
}

static void lists_and_errors_go(void **state) {
  line_t line = line_new(0, 2);
  const avow_value_t cause = avow_string("why");

  assert_int_equal(avow_sender_blocking_send(line.sender, avow_string("text")),
                   0);
  assert_int_equal(avow_sender_blocking_send(line.sender,
                                             avow_error_new(UV_EIO, cause,
                                                            "broken")),
                   0);

  assert_fulfils_bytes(avow_channel_next(line.c), "text");
  assert_says(avow_channel_next(line.c), UV_EIO, "broken");
  line_end(line);
}

static void none_is_no_item(void **state) {
  line_t line = line_new(1, 1);

  assert_int_equal(avow_sender_try_send(line.sender, avow_none()), UV_EINVAL);
  assert_int_equal(avow_sender_blocking_send(line.sender, avow_none()),
                   UV_EINVAL);
  assert_int_equal(avow_sender_replace(line.sender, avow_none()), UV_EINVAL);

  line_end(line);
}

static void a_channel_has_one_sender(void **state) {
  line_t line = line_new(1, 1);

  avow_sender_t *second = avow_sender_new(line.c, 1);

  assert_all_refuse(second, UV_EALREADY);
  avow_sender_unref(second);
  send_ints(line.sender, 1, 1);
  assert_next_int(line.c, 1);
  line_end(line);
}

static void what_libuv_feeds_has_none(void **state) {
  avow_channel_t *c = avow_ticks(loop, 1000);
  avow_sender_t *sender = avow_sender_new(c, 1);

  assert_all_refuse(sender, UV_EALREADY);

  avow_sender_unref(sender);
  avow_channel_unref(c);
}

static void a_channel_that_has_ended_has_none(void **state) {
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

static void without_memory_it_says_so(void **state) {
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

static void there_is_no_room_for_so_many(void **state) {
  line_t line = line_new(0, SIZE_MAX);

  assert_all_refuse(line.sender, UV_ENOMEM);

  line_end(line);
}

#ifndef NDEBUG

static void send_what_stays(void) {
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
  assert_advises(send_what_stays,
                 "avow: avow_sender_try_send(): value of type ");
  assert_advises(send_to_itself, "called on the loop's thread");
}

#endif

/* Sending with a promise. */

static void a_send_is_done_when_the_item_is_buffered(void **state) {
  line_t line = line_new(0, 1);

  assert_fulfils_none(avow_sender_send(line.sender, avow_int(1)));
  avow_promise_t *p = avow_sender_send(line.sender, avow_int(2));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_next_int(line.c, 1);
  assert_fulfils_none(p);
  assert_next_int(line.c, 2);
  line_end(line);
}

static void sends_keep_their_place_among_others(void **state) {
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
    assert_fulfils_none(ps[i]);
  line_end(line);
}

static void a_send_that_is_cancelled_is_taken_back(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, parcel("taken back"));
  avow_promise_t *last = avow_sender_send(line.sender, avow_int(2));

  assert_cancels_at_once(p);

  assert_notes("taken back");
  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_fulfils_none(last);
  line_end(line);
}

static void sends_that_wait_come_before_the_end(void **state) {
  line_t line = line_new(0, 1);
  send_ints(line.sender, 1, 1);
  avow_promise_t *p = avow_sender_send(line.sender, avow_int(2));

  avow_sender_unref(line.sender);

  assert_next_int(line.c, 1);
  assert_next_int(line.c, 2);
  assert_fulfils_none(p);
  assert_fulfils_none(avow_channel_next(line.c));
  avow_channel_unref(line.c);
}

static void a_channel_that_ends_rejects_sends_that_wait(void **state) {
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

static void a_send_refuses_what_cannot_change_threads(void **state) {
  line_t line = line_new(1, 1);

  assert_rejects(avow_sender_send(line.sender, thing("a")), AVOW_EMISUSE);
  assert_rejects(avow_sender_send(line.sender, avow_none()), UV_EINVAL);

  assert_notes("a");
  line_end(line);
}

static void a_send_that_waits_ends_with_its_loop(void **state) {
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
    CASE(items_come_in_order),
    CASE(an_item_comes_to_who_waits),
    CASE(a_channel_with_room_takes_what_nobody_waits_for),
    CASE(asking_between_callbacks_is_heard),
    CASE(who_does_not_wait_gets_what_is_there),
    CASE(try_says_when_there_is_no_room),
    CASE(what_is_under_way_is_bounded),
    CASE(replace_drops_the_oldest),
    CASE(send_does_not_wait_for_itself),
    CASE(a_handler_does_not_wait_for_itself),
    CASE(a_callback_does_not_wait_for_itself),
    CASE(what_stays_is_refused_and_released),
    CASE(a_promise_stays),
#ifndef NDEBUG
    CASE(misuse_is_explained),
#endif
    CASE(lists_and_errors_go),
    CASE(none_is_no_item),
    CASE(a_channel_has_one_sender),
    CASE(what_libuv_feeds_has_none),
    CASE(a_channel_that_has_ended_has_none),
    CASE(without_memory_it_says_so),
    CASE(there_is_no_room_for_so_many),
    CASE(a_send_is_done_when_the_item_is_buffered),
    CASE(sends_keep_their_place_among_others),
    CASE(a_send_that_is_cancelled_is_taken_back),
    CASE(sends_that_wait_come_before_the_end),
    CASE(a_channel_that_ends_rejects_sends_that_wait),
    CASE(a_send_refuses_what_cannot_change_threads),
    CASE(a_send_that_waits_ends_with_its_loop),
  };
  return RUN(tests);
}
