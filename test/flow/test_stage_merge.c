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

static void items_of_all_come_as_they_are_there(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_int(from[2], 20);
  assert_fulfils_int(p, 20);

  send_int(from[0], 1);

  assert_next_int(to, 1);
}

static void each_has_its_turn(void **state) {
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

static void it_ends_when_all_have_ended(void **state) {
  avow_channel_end(from[0]);
  send_int(from[1], 1);
  avow_channel_end(from[1]);
  assert_next_int(to, 1);
  avow_promise_t *p = avow_channel_next(to);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  send_int(from[2], 2);
  avow_channel_end(from[2]);

  assert_fulfils_int(p, 2);
  assert_fulfils_none(avow_channel_next(to));
}

static void first_failure_ends_it(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  avow_channel_fail(from[1], avow_error(UV_EIO));

  assert_rejects(p, UV_EIO);
  assert_rejects(avow_channel_next(to), UV_EIO);
  send_int(from[0], 1);
  run();
  assert_next_int(from[0], 1);
}

static void failure_lets_go_of_the_others(void **state) {
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

static void errors_among_the_items_pass(void **state) {
  assert_settled(avow_channel_send(from[1], avow_error(UV_EIO)),
                 AVOW_FULFILLED);
  assert_rejects(avow_channel_next(to), UV_EIO);

  send_int(from[1], 1);

  assert_next_int(to, 1);
}

static void nothing_is_taken_before_it_is_wanted(void **state) {
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

static void cancelled_next_takes_nothing(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  assert_cancels_at_once(p);
  send_int(from[1], 1);
  run();

  assert_next_int(from[1], 1);
}

static void promises_among_the_items_are_waited_for(void **state) {
  avow_deferred_t *d;
  avow_promise_t *item = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_channel_next(to);
  assert_settled(avow_channel_send(from[0], avow_follow(item)), AVOW_FULFILLED);
  run();

  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfils_int(p, 1);
}

static void none_are_an_end(void **state) {
  avow_channel_t *none = avow_channel_merge(loop, NULL, 0);

  assert_fulfils_none(avow_channel_next(none));

  avow_channel_unref(none);
}

static void closing_lets_go_of_all(void **state) {
  avow_channel_t *others[] = { avow_channel_new(loop, 0),
                               avow_channel_new(loop, 0) };
  avow_promise_t *sent[] = { avow_channel_send(others[0], avow_int(1)),
                             avow_channel_send(others[1], avow_int(2)) };
  avow_channel_t *merged = avow_channel_merge(loop, others, 2);

  avow_channel_unref(merged);

  assert_rejects(sent[0], UV_EPIPE);
  assert_rejects(sent[1], UV_EPIPE);
}

static void without_memory_all_are_let_go_of(void **state) {
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
    MERGE(items_of_all_come_as_they_are_there),
    MERGE(each_has_its_turn),
    MERGE(it_ends_when_all_have_ended),
    MERGE(first_failure_ends_it),
    MERGE(failure_lets_go_of_the_others),
    MERGE(errors_among_the_items_pass),
    MERGE(nothing_is_taken_before_it_is_wanted),
    MERGE(cancelled_next_takes_nothing),
    MERGE(promises_among_the_items_are_waited_for),
    MERGE(none_are_an_end),
    MERGE(closing_lets_go_of_all),
    MERGE(without_memory_all_are_let_go_of),
  };
  return RUN(tests);
}
