/* SPDX-License-Identifier: MIT */
/* Batches: lists limited by a number of items or by a time. */
#include "items.h"

enum { LONG = 1000, ROUNDS = 300, MOST = 40 };

static avow_channel_t *from, *to;

static int set_up(void **state) {
  clock_of_tests = AVOW_CLOCK_BY_ITSELF;
  const int err = harness_setup(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  from = avow_channel_new(loop, 8);
  to = avow_channel_batch(avow_channel_ref(from), 3, LONG);
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  avow_channel_unref(from);
  run();
  return harness_teardown(state);
}

static void send_all(int64_t first, int64_t last) {
  for (int64_t i = first; i <= last; i++)
    send_int(from, i);
}

/* Takes ownership of `p`. */
static void assert_list(avow_promise_t *p, int64_t first, int64_t last) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(v.tag, AVOW_LIST);
  assert_int_equal(avow_list_len(&v), last - first + 1);
  for (int64_t i = first; i <= last; i++)
    assert_int_equal(avow_to_int(avow_list_at(&v, (size_t) (i - first))), i);
  avow_value_unref(v);
}

static void list_is_delivered_when_it_is_full(void **state) {
  send_all(1, 7);

  assert_list(avow_channel_next(to), 1, 3);
  assert_list(avow_channel_next(to), 4, 6);

  assert_int_equal(avow_now(loop), 0);
  assert_next_int(from, 7);
}

static void full_list_leaves_no_timer(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 3);
  assert_list(p, 1, 3);
  p = avow_channel_next(to);
  run();

  assert_int_equal(avow_now(loop), 0);

  avow_cancel(p);
  avow_unref(p);
}

static void list_is_delivered_at_its_timeout(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 1);
  advance(LONG - 1);
  send_all(2, 2);
  advance(0);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_list(p, 1, 2);

  assert_int_equal(avow_now(loop), LONG);
}

static void next_list_restarts_the_timeout(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 2);
  advance(LONG - 1);
  send_all(3, 4);
  assert_list(p, 1, 3);

  assert_list(avow_channel_next(to), 4, 4);

  assert_int_equal(avow_now(loop), LONG - 1 + LONG);
}

static void last_list_precedes_the_end(void **state) {
  send_all(1, 4);
  avow_channel_end(from);

  assert_list(avow_channel_next(to), 1, 3);
  assert_list(avow_channel_next(to), 4, 4);
  assert_fulfills_none(avow_channel_next(to));

  assert_int_equal(avow_now(loop), 0);
}

static void empty_source_gives_no_list(void **state) {
  avow_channel_end(from);

  assert_fulfills_none(avow_channel_next(to));
}

static void items_before_a_failure_are_delivered(void **state) {
  send_all(1, 2);
  avow_channel_fail(from, avow_error(UV_EIO));

  assert_list(avow_channel_next(to), 1, 2);
  assert_rejects(avow_channel_next(to), UV_EIO);
}

static void error_item_is_delivered_separately(void **state) {
  send_all(1, 2);
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_all(3, 3);
  avow_channel_end(from);

  assert_list(avow_channel_next(to), 1, 2);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_list(avow_channel_next(to), 3, 3);
  assert_fulfills_none(avow_channel_next(to));
}

static void incomplete_list_waits_for_the_next_receive(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 2);
  advance(0);

  assert_cancels_at_once(p);
  send_all(3, 5);
  advance(0);

  assert_list(avow_channel_next(to), 1, 3);
}

static void timed_out_list_waits_for_the_next_receive(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 2);
  advance(0);

  assert_cancels_at_once(p);
  send_all(3, 3);
  advance(LONG);

  assert_list(avow_channel_next(to), 1, 2);
  assert_int_equal(avow_now(loop), LONG);
}

static void closing_releases_collected_items(void **state) {
  static char word[] = "released";
  avow_promise_t *p = avow_channel_next(to);
  assert_settled(avow_channel_send(from, thing(word)), AVOW_FULFILLED);
  advance(0);

  avow_channel_close(to);

  assert_fulfills_none(p);
  assert_notes("released");
}

static void lists_are_full_without_a_timeout(void **state) {
  avow_channel_unref(to);
  to = avow_channel_batch(avow_channel_ref(from), 2, 0);
  avow_promise_t *p = avow_channel_next(to);
  send_all(1, 1);
  advance(100 * LONG);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  send_all(2, 2);

  assert_list(p, 1, 2);
}

static void list_size_0_is_refused(void **state) {
  avow_channel_t *none = avow_channel_batch(avow_channel_ref(from), 0, LONG);

  assert_says(avow_channel_next(none), UV_EINVAL, "batch: invalid argument");

  avow_channel_unref(none);
}

static uint32_t seed;

static int up_to(int n) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return (int) (seed % (uint32_t) n);
}

/* Items with pauses between them, compared with arithmetic. A list ends when it
   is full, or when its time ends before the next item. */
static void check_lists(int n, uint64_t ms, int items) {
  avow_channel_t *source = avow_channel_new(loop, MOST);
  avow_channel_t *lists =
      avow_channel_batch(avow_channel_ref(source), (size_t) n, ms);
  avow_promise_t *p = avow_channel_next(lists);
  uint64_t begin = avow_now(loop);
  int first = 0;
  for (int i = 0; i < items; i++) {
    advance((uint64_t) up_to(3));
    if (i > first && avow_now(loop) - begin >= ms) {
      assert_list(p, first, i - 1);
      p = avow_channel_next(lists);
      first = i;
    }
    if (i == first)
      begin = avow_now(loop);
    send_int(source, i);
    advance(0);
    if (i - first + 1 == n) {
      assert_list(p, first, i);
      p = avow_channel_next(lists);
      first = i + 1;
    }
  }
  avow_channel_end(source);
  if (first < items)
    assert_list(p, first, items - 1);
  else
    assert_fulfills_none(p);
  avow_channel_unref(source);
  avow_channel_unref(lists);
}

static void lists_match_a_model_of_time_and_count(void **state) {
  for (uint32_t i = 1; i <= ROUNDS; i++) {
    seed = i * UINT32_C(2654435761);
    check_lists(1 + up_to(20), 1 + (uint64_t) up_to(6), up_to(MOST));
  }
}

#define BATCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(stage_batch) {
  const struct CMUnitTest tests[] = {
    BATCH(list_is_delivered_when_it_is_full),
    BATCH(full_list_leaves_no_timer),
    BATCH(list_is_delivered_at_its_timeout),
    BATCH(next_list_restarts_the_timeout),
    BATCH(last_list_precedes_the_end),
    BATCH(empty_source_gives_no_list),
    BATCH(items_before_a_failure_are_delivered),
    BATCH(error_item_is_delivered_separately),
    BATCH(incomplete_list_waits_for_the_next_receive),
    BATCH(timed_out_list_waits_for_the_next_receive),
    BATCH(closing_releases_collected_items),
    BATCH(lists_are_full_without_a_timeout),
    BATCH(list_size_0_is_refused),
    BATCH(lists_match_a_model_of_time_and_count),
  };
  return RUN(tests);
}
