/* SPDX-License-Identifier: MIT */
/* The first `n` items of a channel. */
#include "items.h"

static void take_gives_the_first_items_and_then_the_end(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 3);
  avow_channel_t *to = avow_channel_take(avow_channel_ref(from), 2);
  for (int i = 1; i <= 3; i++)
    send_int(from, i);

  assert_next_int(to, 1);
  assert_next_int(to, 2);
  assert_fulfills_none(avow_channel_next(to));

  assert_next_int(from, 3);
  avow_channel_unref(to);
  avow_channel_unref(from);
}

static void source_is_released_after_the_last_item(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 0);
  avow_channel_t *to = avow_channel_take(from, 1);
  avow_promise_t *sent[] = { avow_channel_send(from, avow_int(1)),
                             avow_channel_send(from, avow_int(2)) };

  assert_next_int(to, 1);

  assert_fulfills_none(sent[0]);
  assert_rejects(sent[1], UV_EPIPE);
  avow_channel_unref(to);
}

static void take_of_0_items_ends_at_once(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 0);
  avow_promise_t *sent = avow_channel_send(from, avow_int(1));
  avow_channel_t *to = avow_channel_take(from, 0);

  assert_rejects(sent, UV_EPIPE);

  assert_fulfills_none(avow_channel_next(to));
  avow_channel_unref(to);
}

static void error_items_are_counted(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 2);
  avow_channel_t *to = avow_channel_take(avow_channel_ref(from), 1);
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_int(from, 2);

  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_fulfills_none(avow_channel_next(to));

  avow_channel_unref(to);
  avow_channel_unref(from);
}

static void short_source_gives_all_its_items(void **state) {
  avow_channel_t *from = avow_channel_new(loop, 2);
  avow_channel_t *to = avow_channel_take(avow_channel_ref(from), SIZE_MAX);
  send_int(from, 1);
  avow_channel_fail(from, avow_error(UV_EIO));

  assert_next_int(to, 1);
  assert_rejects(avow_channel_next(to), UV_EIO);

  avow_channel_unref(to);
  avow_channel_unref(from);
}

SUITE(stage_take) {
  const struct CMUnitTest tests[] = {
    CASE(take_gives_the_first_items_and_then_the_end),
    CASE(source_is_released_after_the_last_item),
    CASE(take_of_0_items_ends_at_once),
    CASE(error_items_are_counted),
    CASE(short_source_gives_all_its_items),
  };
  return RUN(tests);
}
