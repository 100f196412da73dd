/* SPDX-License-Identifier: MIT */
/* Merging several channels into one. */
#include "items.h"

enum { MANY = 3, EACH = 200 };

static avow_channel_t *from[MANY], *to;

static int set_up(void **state) {
  const int err = harness_setup(state);
  avow_channel_t *taken[MANY];
  for (int i = 0; i < MANY; i++) {
    from[i] = avow_channel_new(loop, EACH);
    taken[i] = avow_channel_ref(from[i]);
  }
  to = avow_channel_merge(loop, taken, MANY);
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  for (int i = 0; i < MANY; i++)
    avow_channel_unref(from[i]);
  run();
  return harness_teardown(state);
}

static void items_of_all_sources_arrive_as_they_are_sent(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_int(from[2], 20);
  assert_fulfills_int(p, 20);

  send_int(from[0], 1);

  assert_next_int(to, 1);
}

static void each_source_gets_a_fair_share(void **state) {
  int come[MANY] = { 0 };
  for (int i = 0; i < MANY * EACH; i++)
    send_int(from[i % MANY], i);

  for (int n = 0; n < EACH; n++) {
    const avow_value_t v = avow_run(avow_channel_next(to));
    const int64_t i = avow_to_int(&v);
    assert_int_equal(i / MANY, come[i % MANY]++); /* each channel's items stay
                                                     in order */
  }

  for (int i = 0; i < MANY; i++)
    assert_in_range(come[i], EACH / 5, EACH / 2);
}

static void merge_ends_when_all_sources_have_ended(void **state) {
  avow_channel_end(from[0]);
  send_int(from[1], 1);
  avow_channel_end(from[1]);
  assert_next_int(to, 1);
  avow_promise_t *p = avow_channel_next(to);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  send_int(from[2], 2);
  avow_channel_end(from[2]);

  assert_fulfills_int(p, 2);
  assert_fulfills_none(avow_channel_next(to));
}

static void first_failure_fails_the_merge(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  avow_channel_fail(from[1], avow_error(UV_EIO));

  assert_rejects(p, UV_EIO);
  assert_rejects(avow_channel_next(to), UV_EIO);
  send_int(from[0], 1);
  run();
  assert_next_int(from[0], 1);
}

static void failure_releases_the_other_sources(void **state) {
  avow_channel_t *others[] = { avow_channel_new(loop, 0),
                               avow_channel_new(loop, 0) };
  avow_channel_t *merged = avow_channel_merge(loop, others, 2);
  avow_promise_t *p = avow_channel_next(merged);
  avow_channel_fail(others[0], avow_error(UV_EIO));
  avow_promise_t *sent = avow_channel_send(others[1], avow_int(1));

  assert_rejects(p, UV_EIO);

  assert_rejects(sent, UV_EPIPE);
  avow_channel_unref(merged);
}

static void error_items_pass_through(void **state) {
  assert_settled(avow_channel_send(from[1], avow_error(UV_EIO)),
                 AVOW_FULFILLED);
  assert_rejects(avow_channel_next(to), UV_EIO);

  send_int(from[1], 1);

  assert_next_int(to, 1);
}

static void one_receive_takes_one_item(void **state) {
  for (int i = 0; i < MANY; i++)
    send_int(from[i], i);
  avow_ignore(avow_run(avow_channel_next(to)));
  run();

  int left = 0;
  avow_value_t v;
  for (int i = 0; i < MANY; i++)
    left += avow_channel_try_next(from[i], &v) == 0;
  assert_int_equal(left, MANY - 1);
}

static void canceled_next_takes_no_item(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  assert_cancels_at_once(p);
  send_int(from[1], 1);
  run();

  assert_next_int(from[1], 1);
}

static void promise_items_are_awaited(void **state) {
  avow_deferred_t *d;
  avow_promise_t *item = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_channel_next(to);
  assert_settled(avow_channel_send(from[0], avow_follow(item)), AVOW_FULFILLED);
  run();

  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(p, 1);
}

static void merge_of_no_sources_ends_at_once(void **state) {
  avow_channel_t *none = avow_channel_merge(loop, NULL, 0);

  assert_fulfills_none(avow_channel_next(none));

  avow_channel_unref(none);
}

static void closing_releases_all_sources(void **state) {
  avow_channel_t *others[] = { avow_channel_new(loop, 0),
                               avow_channel_new(loop, 0) };
  avow_promise_t *sent[] = { avow_channel_send(others[0], avow_int(1)),
                             avow_channel_send(others[1], avow_int(2)) };
  avow_channel_t *merged = avow_channel_merge(loop, others, 2);

  avow_channel_unref(merged);

  assert_rejects(sent[0], UV_EPIPE);
  assert_rejects(sent[1], UV_EPIPE);
}

static void merge_without_memory_releases_its_sources(void **state) {
  for (int n = 1; n <= 2; n++) {
    avow_channel_t *one = avow_channel_new(loop, 0);
    avow_promise_t *sent = avow_channel_send(one, avow_int(1));

    fail_allocation(n, false);
    avow_channel_t *merged = avow_channel_merge(loop, &one, 1);
    fail_allocation(0, false);

    assert_rejects(avow_channel_next(merged), UV_ENOMEM);
    assert_rejects(sent, UV_EPIPE);
    avow_channel_unref(merged);
  }
}

#define MERGE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(stage_merge) {
  const struct CMUnitTest tests[] = {
    MERGE(items_of_all_sources_arrive_as_they_are_sent),
    MERGE(each_source_gets_a_fair_share),
    MERGE(merge_ends_when_all_sources_have_ended),
    MERGE(first_failure_fails_the_merge),
    MERGE(failure_releases_the_other_sources),
    MERGE(error_items_pass_through),
    MERGE(one_receive_takes_one_item),
    MERGE(canceled_next_takes_no_item),
    MERGE(promise_items_are_awaited),
    MERGE(merge_of_no_sources_ends_at_once),
    MERGE(closing_releases_all_sources),
    MERGE(merge_without_memory_releases_its_sources),
  };
  return RUN(tests);
}
