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

static void assert_no_item(const avow_channel_t *c) {
  avow_value_t v = avow_int(1);
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
  assert_true(avow_is_none(&v));
}

static void assert_sends(const avow_channel_t *c, int64_t i) {
  assert_int_equal(avow_channel_try_send(c, avow_int(i)), 0);
}

static void try_next_takes_buffered_items(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 2);
  assert_no_item(c);
  send_int(c, 1);
  send_int(c, 2);
  avow_promise_t *third = avow_channel_send(c, avow_int(3));

  assert_try_int(c, 1);

  assert_settled(third, AVOW_FULFILLED);
  assert_try_int(c, 2);
  assert_try_int(c, 3);
  assert_no_item(c);
  avow_channel_unref(c);
}

static void try_next_takes_the_item_of_a_pending_send(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  assert_no_item(c);
  avow_promise_t *sent = avow_channel_send(c, avow_int(1));

  assert_try_int(c, 1);

  assert_fulfills_none(sent);
  assert_no_item(c);
  avow_channel_unref(c);
}

static void try_next_returns_none_after_the_end(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_channel_end(c);

  assert_try_int(c, 1);
  assert_try_none(c);
  assert_try_none(c);
  avow_channel_unref(c);
}

static void try_next_returns_the_failure_of_the_channel(void **state) {
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

static void try_next_returns_a_promise_item_unchanged(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(avow_channel_try_send(c, avow_follow(p)), 0);

  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);

  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_fulfills_int(avow_promise_resolve(loop, v), 1);
  avow_channel_unref(c);
}

static void try_send_succeeds_while_capacity_is_free(void **state) {
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

static void try_send_leaves_an_unsent_item_to_the_caller(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  const avow_value_t item = thing("item");

  assert_int_equal(avow_channel_try_send(c, item), UV_EAGAIN);
  assert_notes("");

  avow_value_unref(item);
  assert_notes("item");
  avow_channel_unref(c);
}

static void try_send_fulfills_pending_receives(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);

  assert_sends(c, 1);
  assert_no_item(c); /* the second item was buffered before */
  assert_sends(c, 2);
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EAGAIN);

  assert_fulfills_int(first, 1);
  assert_fulfills_int(second, 2);
  avow_channel_unref(c);
}

static void try_send_does_not_overtake_an_earlier_send(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  avow_promise_t *second = avow_channel_send(c, avow_int(2));

  assert_next_int(c, 1); /* the second item has its place */
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EAGAIN);

  assert_fulfills_none(second);
  assert_next_int(c, 2);
  avow_channel_unref(c);
}

static void assert_refuses(const avow_channel_t *c, int code) {
  assert_int_equal(avow_channel_try_send(c, thing("gone")), code);
  assert_notes("gone");
}

static void refused_try_send_releases_its_item(void **state) {
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
static void failure_with_eagain_is_not_returned_by_try_send(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_fail(c, avow_error(UV_EAGAIN));

  assert_refuses(c, UV_EPIPE);

  assert_try_fails(c, UV_EAGAIN);
  avow_channel_unref(c);
}

static void try_send_releases_its_item_when_out_of_memory(void **state) {
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

static void unallocated_channel_returns_enomem(void **state) {
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
static void assert_trying_is_canceled(avow_channel_t *c) {
  assert_canceled(avow_channel_next(c));
  assert_try_fails(c, UV_ECANCELED);
  assert_try_fails(c, UV_ECANCELED);

  assert_canceled(avow_channel_send(c, avow_int(1)));
  assert_refuses(c, UV_ECANCELED);
  assert_canceled(avow_channel_send(c, avow_none()));
  assert_int_equal(avow_channel_try_send(c, avow_none()), UV_ECANCELED);
  avow_channel_unref(c);
}

static void try_functions_are_canceled_after_loop_close(void **state) {
  avow_channel_t *open = avow_channel_new(loop, 2);
  avow_channel_t *failed = avow_channel_new(loop, 1);
  avow_channel_t *fed = avow_ticks(loop, 1000);
  send_int(open, 1);
  avow_channel_fail(failed, avow_error(UV_EIO));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_trying_is_canceled(open);
  assert_trying_is_canceled(failed);
  assert_trying_is_canceled(fed);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
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

static void try_next_resumes_an_unbuffered_source(void **state) {
  avow_channel_t *c = backlog_new(0, 2);

  assert_try_int(c, 2);
  assert_notes("resume pause");
  assert_try_int(c, 1);
  assert_notes("resume pause");
  assert_no_item(c);
  assert_notes("resume pause");

  avow_channel_unref(c);
}

static void try_next_resumes_a_paused_source(void **state) {
  avow_channel_t *c = backlog_new(1, 2);
  assert_notes("resume pause");

  assert_try_int(c, 2);
  assert_notes("resume pause");
  assert_try_int(c, 1);
  assert_notes("resume");
  assert_no_item(c);

  assert_notes("");
  avow_channel_unref(c);
}

static void source_keeps_its_items_when_out_of_memory(void **state) {
  avow_channel_t *c = backlog_new(0, 1);

  fail_allocation(1, true);
  assert_no_item(c);
  fail_allocation(0, false);

  assert_notes("");
  assert_try_int(c, 1);
  assert_notes("resume pause");
  avow_channel_unref(c);
}

static void try_next_into_null(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  assert_int_equal(avow_channel_try_next(c, NULL), AVOW_EMISUSE);
  avow_channel_unref(c);
}

static void try_next_into_null_is_reported(void **state) {
  assert_misuse(try_next_into_null, "out pointer is NULL");
}

SUITE(try) {
  const struct CMUnitTest tests[] = {
    CASE(try_next_takes_buffered_items),
    CASE(try_next_takes_the_item_of_a_pending_send),
    CASE(try_next_returns_none_after_the_end),
    CASE(try_next_returns_the_failure_of_the_channel),
    CASE(try_next_returns_a_promise_item_unchanged),
    CASE(try_send_succeeds_while_capacity_is_free),
    CASE(try_send_leaves_an_unsent_item_to_the_caller),
    CASE(try_send_fulfills_pending_receives),
    CASE(try_send_does_not_overtake_an_earlier_send),
    CASE(refused_try_send_releases_its_item),
    CASE(failure_with_eagain_is_not_returned_by_try_send),
    CASE(try_send_releases_its_item_when_out_of_memory),
    CASE(unallocated_channel_returns_enomem),
    CASE(try_functions_are_canceled_after_loop_close),
    CASE(try_next_resumes_an_unbuffered_source),
    CASE(try_next_resumes_a_paused_source),
    CASE(source_keeps_its_items_when_out_of_memory),
    CASE(try_next_into_null_is_reported),
  };
  return RUN(tests);
}
