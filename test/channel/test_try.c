/* SPDX-License-Identifier: MIT */
/* Receiving and sending without waiting. */
#include "channel/channel.h"
#include "items.h"

static void assert_try_int(const avow_channel_t *c, int64_t expected) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_int_equal(avow_to_int(&v), expected);
}

static void assert_try_none(const avow_channel_t *c) {
  avow_value_t v = avow_int(1);
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_true(avow_is_none(&v));
}

static void assert_try_fails(const avow_channel_t *c, int code) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_int_equal(avow_error_code(&v), code);
  avow_value_unref(v);
}

static void assert_nothing_there(const avow_channel_t *c) {
  avow_value_t v = avow_int(1);
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
  assert_true(avow_is_none(&v));
}

static void assert_sends(const avow_channel_t *c, int64_t i) {
  assert_int_equal(avow_channel_try_send(c, avow_int(i)), 0);
}

static void try_next_takes_what_is_there(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);
  assert_nothing_there(c);
  send_int(c, 1);
  send_int(c, 2);
  avow_promise_t *third = avow_channel_send(c, avow_int(3));

  assert_try_int(c, 1);

  assert_settled(third, AVOW_FULFILLED);
  assert_try_int(c, 2);
  assert_try_int(c, 3);
  assert_nothing_there(c);
  avow_channel_unref(c);
}

static void without_room_try_next_takes_from_who_sends(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  assert_nothing_there(c);
  avow_promise_t *sent = avow_channel_send(c, avow_int(1));

  assert_try_int(c, 1);

  assert_fulfils_none(sent);
  assert_nothing_there(c);
  avow_channel_unref(c);
}

static void try_next_gives_the_end_again_and_again(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_channel_end(c);

  assert_try_int(c, 1);
  assert_try_none(c);
  assert_try_none(c);
  avow_channel_unref(c);
}

static void try_next_gives_what_the_channel_failed_with(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);
  assert_settled(avow_channel_send(c, avow_error(UV_ENOENT)), AVOW_FULFILLED);
  send_int(c, 1);
  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "broken"));

  assert_try_fails(c, UV_ENOENT);
  assert_try_int(c, 1);
  assert_try_fails(c, UV_EIO);
  assert_try_fails(c, UV_EIO);
  avow_channel_unref(c);
}

static void try_next_gives_a_promise_as_such(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(avow_channel_try_send(c, avow_follow(p)), 0);

  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);

  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_fulfils_int(avow_promise_resolve(loop, v), 1);
  avow_channel_unref(c);
}

static void try_send_sends_as_long_as_there_is_room(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);

  assert_sends(c, 1);
  assert_sends(c, 2);
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EAGAIN);

  assert_next_int(c, 1);
  assert_sends(c, 4);
  assert_next_int(c, 2);
  assert_next_int(c, 4);
  avow_channel_unref(c);
}

static void try_send_leaves_what_has_to_wait_to_the_caller(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  const avow_value_t item = thing("item");

  assert_int_equal(avow_channel_try_send(c, item), UV_EAGAIN);
  assert_notes("");

  avow_value_unref(item);
  assert_notes("item");
  avow_channel_unref(c);
}

static void without_room_try_send_gives_to_who_waits(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  assert_sends(c, 1);
  assert_nothing_there(c); /* the second item was buffered before */
  assert_sends(c, 2);
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EAGAIN);

  assert_fulfils_int(first, 1);
  assert_fulfils_int(second, 2);
  avow_channel_unref(c);
}

static void try_send_does_not_overtake(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *second = avow_channel_send(c, avow_int(2));

  assert_next_int(c, 1); /* the second item has its place */
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EAGAIN);

  assert_fulfils_none(second);
  assert_next_int(c, 2);
  avow_channel_unref(c);
}

static void assert_refuses(const avow_channel_t *c, int code) {
  assert_int_equal(avow_channel_try_send(c, thing("gone")), code);
  assert_notes("gone");
}

static void try_send_releases_what_is_refused(void **state) {
  avow_channel_t *ended = avow_channel_new(loop, 1);
  avow_channel_t *failed = avow_channel_new(loop, 1);
  assert_int_equal(avow_channel_try_send(ended, avow_none()), UV_EINVAL);
  avow_channel_end(ended);
  avow_channel_fail(failed, avow_error(UV_EIO));

  assert_refuses(ended, UV_EPIPE);
  assert_refuses(failed, UV_EIO);
  assert_int_equal(avow_channel_try_send(failed, avow_none()), UV_EINVAL);

  avow_channel_unref(ended);
  avow_channel_unref(failed);
}

/* A caller that reads this code has the item. */
static void a_failure_does_not_read_as_try_again(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_fail(c, avow_error(UV_EAGAIN));

  assert_refuses(c, UV_EPIPE);

  assert_try_fails(c, UV_EAGAIN);
  avow_channel_unref(c);
}

static void without_memory_try_send_releases(void **state) {
  avow_channel_t *c = avow_channel_new(loop, SIZE_MAX);
  for (int64_t i = 0; i < 8; i++)
    assert_sends(c, i);
  const avow_value_t item = thing("gone");

  fail_allocation(1, true);
  assert_int_equal(avow_channel_try_send(c, item), UV_ENOMEM);
  fail_allocation(0, false);

  assert_notes("gone");
  assert_sends(c, 8);
  for (int64_t i = 0; i < 9; i++)
    assert_try_int(c, i);
  avow_channel_unref(c);
}

static void what_could_not_be_made_is_refused(void **state) {
  fail_allocation(1, true);
  avow_channel_t *c = avow_channel_new(loop, 1);
  fail_allocation(0, false);

  assert_refuses(c, UV_ENOMEM);
  assert_try_fails(c, UV_ENOMEM);
  avow_channel_unref(c);
}

static void assert_canceled(avow_promise_t *p) {
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
}

/* Trying returns the codes that the promises reject with. Takes ownership of
   `c`. */
static void assert_outlived(avow_channel_t *c) {
  assert_canceled(avow_channel_next(c));
  assert_try_fails(c, UV_ECANCELED);
  assert_try_fails(c, UV_ECANCELED);

  assert_canceled(avow_channel_send(c, avow_int(1)));
  assert_refuses(c, UV_ECANCELED);
  assert_canceled(avow_channel_send(c, avow_none()));
  assert_int_equal(avow_channel_try_send(c, avow_none()), UV_ECANCELED);
  avow_channel_unref(c);
}

static void after_its_loop_closed_trying_is_canceled(void **state) {
  avow_channel_t *open = avow_channel_new(loop, 2);
  avow_channel_t *failed = avow_channel_new(loop, 1);
  avow_channel_t *fed = avow_ticks(loop, 1000);
  send_int(open, 1);
  avow_channel_fail(failed, avow_error(UV_EIO));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_outlived(open);
  assert_outlived(failed);
  assert_outlived(fed);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

/* Has a number of items, and pushes them while they are requested. */
typedef struct {
  avow__source_t source;
  int left;
} backlog_t;

static void backlog_resume(avow__source_t *source) {
  backlog_t *backlog = (backlog_t *) source;
  note("resume");
  bool more = true;
  while (more && backlog->left > 0)
    more = avow__channel_push(source->channel, avow_int(backlog->left--));
}

static void backlog_pause(avow__source_t *source) {
  note("pause");
}

static avow_channel_t *backlog_new(size_t room, int items) {
  backlog_t *backlog = avow__source_new(loop, sizeof(*backlog));
  assert_non_null(backlog);
  backlog->left = items;
  backlog->source.resume = backlog_resume;
  backlog->source.pause = backlog_pause;
  backlog->source.stop = avow__source_free;
  return avow__channel_feed(loop, room, &backlog->source);
}

static void a_source_without_room_is_asked_for_what_it_has(void **state) {
  avow_channel_t *c = backlog_new(0, 2);

  assert_try_int(c, 2);
  assert_notes("resume pause");
  assert_try_int(c, 1);
  assert_notes("resume pause");
  assert_nothing_there(c);
  assert_notes("resume pause");

  avow_channel_unref(c);
}

static void a_source_goes_on_when_there_is_room_again(void **state) {
  avow_channel_t *c = backlog_new(1, 2);
  assert_notes("resume pause");

  assert_try_int(c, 2);
  assert_notes("resume pause");
  assert_try_int(c, 1);
  assert_notes("resume");
  assert_nothing_there(c);

  assert_notes("");
  avow_channel_unref(c);
}

static void without_memory_a_source_keeps_what_it_has(void **state) {
  avow_channel_t *c = backlog_new(0, 1);

  fail_allocation(1, true);
  assert_nothing_there(c);
  fail_allocation(0, false);

  assert_notes("");
  assert_try_int(c, 1);
  assert_notes("resume pause");
  avow_channel_unref(c);
}

static void try_nowhere(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  assert_int_equal(avow_channel_try_next(c, NULL), AVOW_EMISUSE);
  avow_channel_unref(c);
}

static void an_item_needs_a_place(void **state) {
  assert_misuse(try_nowhere, "out pointer is NULL");
}

SUITE(try) {
  const struct CMUnitTest tests[] = {
    CASE(try_next_takes_what_is_there),
    CASE(without_room_try_next_takes_from_who_sends),
    CASE(try_next_gives_the_end_again_and_again),
    CASE(try_next_gives_what_the_channel_failed_with),
    CASE(try_next_gives_a_promise_as_such),
    CASE(try_send_sends_as_long_as_there_is_room),
    CASE(try_send_leaves_what_has_to_wait_to_the_caller),
    CASE(without_room_try_send_gives_to_who_waits),
    CASE(try_send_does_not_overtake),
    CASE(try_send_releases_what_is_refused),
    CASE(a_failure_does_not_read_as_try_again),
    CASE(without_memory_try_send_releases),
    CASE(what_could_not_be_made_is_refused),
    CASE(after_its_loop_closed_trying_is_canceled),
    CASE(a_source_without_room_is_asked_for_what_it_has),
    CASE(a_source_goes_on_when_there_is_room_again),
    CASE(without_memory_a_source_keeps_what_it_has),
    CASE(an_item_needs_a_place),
  };
  return RUN(tests);
}
