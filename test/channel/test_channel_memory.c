/* SPDX-License-Identifier: MIT */
/* Channels: the memory that they keep, and when they free it. */
#include "famine.h"
#include "items.h"

/* A consumer in constant memory. */
enum { MANY = 250000 };

typedef struct {
  avow_channel_t *channel;
  int64_t sent, sum, count;
  uint64_t most; /* blocks live at a time */
} stream_t;

static avow_value_t produce(void *data) {
  stream_t *stream = data;
  if (stream->sent < MANY)
    return avow_follow(
        avow_channel_send(stream->channel, avow_int(++stream->sent)));
  avow_channel_end(stream->channel);
  return avow_int(1);
}

static avow_value_t add(const avow_value_t *item, void *data) {
  stream_t *stream = data;
  if (avow_is_none(item))
    return avow_int(stream->sum);
  stream->sum += avow_to_int(item);
  if (++stream->count % 25000 == 0) {
    avow_stats_t stats;
    avow_loop_stats(loop, &stats, sizeof(stats));
    stream->most = stats.live > stream->most ? stats.live : stream->most;
  }
  return avow_none();
}

static avow_value_t consume(void *data) {
  stream_t *stream = data;
  return avow_follow(
      avow_then(avow_channel_next(stream->channel), add, NULL, stream));
}

static void move_many(size_t room) {
  stream_t stream = { .channel = avow_channel_new(loop, room) };
  avow_promise_t *produced = avow_repeat(loop, produce, &stream);
  const long before = live_allocations();

  assert_fulfills_int(avow_repeat(loop, consume, &stream),
                      (int64_t) MANY * (MANY + 1) / 2);

  assert_true(stream.most < 20);
  assert_true(live_allocations() < before + 20);
  assert_fulfills_int(produced, 1);
  avow_channel_unref(stream.channel);
}

static void many_items_use_constant_memory(void **state) {
  move_many(0);
  move_many(16);
}

static void loop_close_cancels_pending_sends_and_receives(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0), *e = avow_channel_new(loop, 0);
  avow_promise_t *next = avow_channel_next(c);
  avow_promise_t *sent = avow_channel_send(e, thing("stuck"));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("stuck");
  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  assert_int_equal(avow_result(sent)->code, UV_ECANCELED);
  avow_unref(next);
  avow_unref(sent);
  avow_channel_unref(c);
  avow_channel_unref(e);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_releases_buffered_items(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  assert_settled(avow_channel_send(c, thing("inside")), AVOW_FULFILLED);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("inside");
  avow_promise_t *next = avow_channel_next(c);
  avow_promise_t *sent = avow_channel_send(c, thing("late"));
  assert_notes("late");
  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  assert_int_equal(avow_result(sent)->code, UV_ECANCELED);
  avow_unref(next);
  avow_unref(sent);
  avow_channel_close(c);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void channel_rejects_when_out_of_memory(void **state) {
  avow_channel_t *empty = NULL;
  fail_allocation(1, true);
  avow_channel_t *c = avow_channel_new(loop, 1);
  for (int i = 0; i < 10000 && empty == NULL; i++) {
    avow_channel_t *e = avow_channel_new(loop, 0);
    if (e == c)
      empty = e;
    avow_channel_unref(e);
  }
  fail_allocation(0, false);

  avow_channel_t *again = avow_channel_ref(c);
  assert_rejects(avow_channel_next(c), UV_ENOMEM);
  assert_rejects(avow_channel_send(c, thing("gone")), UV_ENOMEM);
  assert_notes("gone");
  avow_channel_end(c);
  avow_channel_fail(c, avow_error_new(UV_EIO, avow_none(), "no"));
  avow_channel_close(c);
  assert_rejects(avow_channel_next(again), UV_ENOMEM);
  avow_channel_unref(c);
  avow_channel_unref(again);
}

static void send_rejects_with_enomem_when_the_ring_cannot_grow(void **state) {
  avow_channel_t *c = avow_channel_new(loop, SIZE_MAX);
  for (int i = 0; i < 8; i++)
    send_int(c, i);

  fail_allocation(1, true);
  avow_promise_t *sent = avow_channel_send(c, thing("gone"));
  fail_allocation(0, false);

  assert_notes("gone");
  assert_rejects(sent, UV_ENOMEM);
  send_int(c, 8);
  for (int i = 0; i < 9; i++)
    assert_next_int(c, i);
  avow_channel_unref(c);
}

static avow_channel_t *mine;

static void close_mine(void *word) {
  note(word);
  avow_channel_close(mine);
  avow_channel_unref(mine);
}

static const avow_class_t closer_class = { .name = "closer",
                                           .destroy = close_mine };

static void item_may_release_its_own_channel(void **state) {
  mine = avow_channel_new(loop, 2);
  assert_settled(avow_channel_send(mine, avow_object(&closer_class, "item")),
                 AVOW_FULFILLED);
  assert_settled(avow_channel_send(mine, thing("other")), AVOW_FULFILLED);

  avow_channel_close(mine);

  assert_notes("item other");
}

static void release_mine(uv_loop_t *at, const avow_promise_t *p, void *data) {
  note("rejected");
  avow_channel_clear(&mine);
}

/* Both receives are rejected. The first has no handler, which is reported. */
static void hook_may_release_a_failing_channel(void **state) {
  const avow_options_t options = { STEADY, .on_reject = release_mine };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  mine = avow_channel_new(loop, 2);
  avow_promise_t *first = avow_channel_next(mine);
  avow_promise_t *second = avow_channel_next(mine);

  avow_channel_fail(mine, avow_error(UV_EIO));

  assert_null(mine);
  assert_notes("rejected rejected");
  assert_rejects(first, UV_EIO);
  assert_rejects(second, UV_EIO);
}

#ifndef AVOW_NO_POOL
static void use_after_unref(void) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_channel_unref(c);
#  ifndef NDEBUG
  avow_channel_end(c);
#  endif
}

#  ifndef NDEBUG
static avow_channel_t *freed_channel(void) {
  avow_channel_t *channel = avow_channel_new(loop, 1);
  avow_channel_unref(channel);
  return channel;
}

static void end_freed(void) {
  avow_channel_end(freed_channel());
}

static void fail_freed(void) {
  avow_channel_fail(freed_channel(), avow_error(UV_EIO));
}

static void receive_first_of_freed(void) {
  avow_unref(avow_channel_first(freed_channel()));
}

static void each_of_freed(void) {
  avow_unref(avow_each(freed_channel(), note_cb, NULL, NULL));
}
#  endif

static void freed_channel_is_reported(void **state) {
  assert_misuse(use_after_unref, "channel used after it was freed");
#  ifndef NDEBUG
  assert_misuse(end_freed, "avow_channel_end(): channel used after it was");
  assert_misuse(fail_freed, "avow_channel_fail(): channel used after it was");
  assert_misuse(receive_first_of_freed,
                "avow_channel_first(): channel used after it was");
  assert_misuse(each_of_freed, "avow_each(): channel used after it was");
#  endif
}
#endif

static void dump_shows_pending_sends_and_receives(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_channel_t *e = avow_channel_new(loop, 0);
  avow_promise_t *next = avow_channel_next(c);
  avow_promise_t *sent = avow_channel_send(e, avow_int(1));
  avow_channel_end(e);
  char text[2048];
  FILE *out = tmpfile();
  assert_non_null(out);

  avow_loop_dump(loop, out);
  avow_loop_dump_dot(loop, out);
  rewind(out);
  text[fread(text, 1, sizeof(text) - 1, out)] = '\0';

  assert_non_null(strstr(text, "open channel"));
  assert_non_null(strstr(text, "ended channel"));
  assert_non_null(strstr(text, "pending next waits for p"));
  assert_non_null(strstr(text, "pending send waits for p"));
  assert_int_equal(fclose(out), 0);
  avow_unref(next);
  avow_cancel(sent);
  avow_unref(sent);
  avow_channel_unref(c);
  avow_channel_unref(e);
}

static avow_promise_t *lost;

/* Out of memory, avow_then() cancels its source promise after this function
   returns. */
static void lose_and_send(void *c) {
  avow_promise_t *next = avow_promise_steal(&lost);
  use_up_memory();
  lost = avow_then(next, note_cb, NULL, "item");
  assert_int_equal(avow_channel_try_send(c, avow_int(1)), 0);
  give_back_memory();
}

static void failed_then_on_a_receive_gets_no_item(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, lose_and_send, c);
  lost = avow_channel_next(c);

  avow_promise_t *now = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(avow_then(now, cancel_cb, NULL, p)));

  assert_rejects(avow_promise_steal(&lost), UV_ENOMEM);
  assert_notes("");
  assert_rejects(p, UV_ECANCELED);
  avow_deferred_drop(d);
  avow_channel_unref(c);
}

/* Its first case is invalid, because NONE cannot be sent. */
static void invalid_select_is_refused_when_out_of_memory(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  const avow_case_t cases[] = { avow_case_send(c, avow_none()),
                                avow_case_next(c) };
  assert_rejects(avow_select(cases, 2), UV_EINVAL);

  use_up_memory();
  avow_promise_t *p = avow_select(cases, 2);
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
  avow_channel_unref(c);
}

SUITE(channel_memory) {
  const struct CMUnitTest tests[] = {
    CASE(many_items_use_constant_memory),
    CASE(loop_close_cancels_pending_sends_and_receives),
    CASE(loop_close_releases_buffered_items),
    CASE(channel_rejects_when_out_of_memory),
    CASE(send_rejects_with_enomem_when_the_ring_cannot_grow),
    CASE(failed_then_on_a_receive_gets_no_item),
    CASE(invalid_select_is_refused_when_out_of_memory),
    CASE(item_may_release_its_own_channel),
    CASE(hook_may_release_a_failing_channel),
    CASE(dump_shows_pending_sends_and_receives),
#ifndef AVOW_NO_POOL
    CASE(freed_channel_is_reported),
#endif
  };
  return RUN(tests);
}
