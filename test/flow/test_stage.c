/* SPDX-License-Identifier: MIT */
/* Properties of all stages: receiving, canceling, releasing (rules 36, 37). */
#include "famine.h"
#include "items.h"

static avow_channel_t *from, *to;

static avow_value_t twice(const avow_value_t *item, void *data) {
  avow_value_unref(note_value_cb(item, "item"));
  return avow_int(2 * avow_to_int(item));
}

static int set_up(void **state) {
  const int err = harness_setup(state);
  from = avow_channel_new(loop, 8);
  to = avow_channel_map(avow_channel_ref(from), twice, NULL, NULL);
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  avow_channel_unref(from);
  run();
  return harness_teardown(state);
}

static void no_item_is_taken_without_a_receiver(void **state) {
  send_int(from, 1);
  run();

  assert_notes("");
  assert_next_int(from, 1);
}

static void each_receive_takes_one_item(void **state) {
  for (int i = 1; i <= 3; i++)
    send_int(from, i);

  assert_next_int(to, 2);
  run();

  assert_notes("item=1");
  assert_next_int(from, 2);
}

static void canceled_next_takes_no_later_item(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  assert_cancels_at_once(p);

  send_int(from, 1);
  run();
  assert_notes("");
  assert_next_int(from, 1);
}

static void canceled_next_keeps_an_arrived_item(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_int(from, 1);

  assert_cancels_at_once(p);

  send_int(from, 2);
  assert_next_int(to, 2);
  assert_next_int(to, 4);
}

static void canceled_next_does_not_cancel_a_promise_item(void **state) {
  avow_deferred_t *d;
  avow_promise_t *item = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_channel_next(to);
  assert_settled(avow_channel_send(from, avow_follow(item)), AVOW_FULFILLED);
  run();

  assert_cancels_at_once(p);
  run();

  assert_true(avow_resolve(d, avow_int(1)));
  assert_next_int(to, 2);
}

static void several_receives_may_be_pending(void **state) {
  avow_promise_t *ps[] = { avow_channel_next(to), avow_channel_next(to),
                           avow_channel_next(to) };
  for (int i = 1; i <= 2; i++)
    send_int(from, i);
  avow_channel_end(from);

  assert_fulfills_int(ps[0], 2);
  assert_fulfills_int(ps[1], 4);
  assert_fulfills_none(ps[2]);
}

static void try_next_requests_an_item(void **state) {
  avow_value_t v;
  send_int(from, 1);

  assert_int_equal(avow_channel_try_next(to, &v), UV_EAGAIN);
  run();
  assert_int_equal(avow_channel_try_next(to, &v), 0);

  assert_int_equal(avow_to_int(&v), 2);
  assert_int_equal(avow_channel_try_next(to, &v), UV_EAGAIN);
}

static void error_item_passes_through(void **state) {
  send_int(from, 1);
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_int(from, 3);

  assert_next_int(to, 2);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_next_int(to, 6);

  assert_notes("item=1 item=3");
}

static void failure_follows_the_items(void **state) {
  send_int(from, 1);
  avow_channel_fail(from, avow_error(UV_EIO));

  assert_next_int(to, 2);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_rejects(avow_channel_next(to), UV_EIO);
}

static void last_error_item_is_no_failure(void **state) {
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  avow_channel_end(from);

  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_fulfills_none(avow_channel_next(to));
}

static void error_item_before_a_failure_stays_distinct(void **state) {
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  avow_channel_fail(from, avow_error(UV_EPROTO));

  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_rejects(avow_channel_next(to), UV_EPROTO);
}

static void failure_rejects_a_pending_receive(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  avow_channel_fail(from, avow_error(UV_EPROTO));

  assert_rejects(p, UV_EPROTO);
  assert_rejects(avow_channel_next(to), UV_EPROTO);
}

static void closing_the_stage_closes_its_source(void **state) {
  avow_channel_t *other = avow_channel_new(loop, 0);
  avow_channel_t *stage = avow_channel_map(other, twice, NULL, NULL);
  avow_promise_t *sent = avow_channel_send(other, avow_int(1));

  avow_channel_close(stage);

  assert_rejects(sent, UV_EPIPE);
  assert_fulfills_none(avow_channel_next(stage));
  avow_channel_unref(stage);
}

static void closing_a_waiting_stage_takes_no_item(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  avow_channel_close(to);

  assert_fulfills_none(p);
  send_int(from, 1);
  assert_next_int(from, 1);
}

static avow_value_t end_it(const avow_value_t *item, void *data) {
  avow_channel_clear(&to);
  return avow_value_ref(item);
}

static void function_may_release_its_stage(void **state) {
  avow_channel_unref(to);
  to = avow_channel_map(avow_channel_ref(from), end_it, NULL, NULL);
  avow_promise_t *p = avow_channel_next(to);
  send_int(from, 1);

  assert_fulfills_none(p);

  assert_null(to);
}

static void close_stage(void *self) {
  avow_channel_close(to);
}

static const avow_class_t closer = { .name = "closer", .destroy = close_stage };

static avow_value_t one(const avow_value_t *item, void *data) {
  return avow_int(1);
}

static void destroyed_item_may_close_the_stage(void **state) {
  avow_channel_unref(to);
  to = avow_channel_map(avow_channel_ref(from), one, NULL, NULL);
  const avow_value_t item = avow_object(&closer, &to);
  assert_settled(avow_channel_send(from, item), AVOW_FULFILLED);

  assert_fulfills_none(avow_channel_next(to));
}

static void loop_close_settles_a_pending_receive(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_not_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void stage_without_memory_rejects(void **state) {
  for (int n = 1; n <= 2; n++) {
    fail_allocation(n, false);
    avow_channel_t *stage =
        avow_channel_map(avow_channel_ref(from), twice, NULL, NULL);
    fail_allocation(0, false);

    assert_rejects(avow_channel_next(stage), UV_ENOMEM);
    avow_channel_unref(stage);
  }
}

static avow_value_t exhaust(const avow_value_t *item, void *data) {
  use_up_reserve();
  return avow_value_ref(item);
}

static void receive_without_memory_fails_the_stage(void **state) {
  avow_channel_unref(to);
  to = avow_channel_map(avow_channel_ref(from), exhaust, NULL, NULL);
  send_int(from, 1);
  avow_promise_t *ps[] = { avow_channel_next(to), avow_channel_next(to) };
  run();
  give_back_memory();

  assert_fulfills_int(ps[0], 1);
  assert_rejects(ps[1], UV_ENOMEM);
  assert_rejects(avow_channel_next(to), UV_ENOMEM);
}

/* Such items would arrive in between. */
static void sends_to_a_stage_are_refused(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  const avow_case_t cases[] = { avow_case_send(to, avow_string("9")) };
  avow_promise_t *selected = avow_select(cases, 1);
  assert_rejects(avow_channel_send(to, avow_string("9")), UV_EALREADY);

  const avow_value_t v = avow_run(selected);
  const avow_outcome_t *outcome = avow_to_outcome(&v);
  assert_int_equal(avow_error_code(outcome->value), UV_EALREADY);
  avow_value_unref(v);
  send_int(from, 1);
  assert_fulfills_int(p, 2);
}

#define STAGE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(stage) {
  const struct CMUnitTest tests[] = {
    STAGE(no_item_is_taken_without_a_receiver),
    STAGE(each_receive_takes_one_item),
    STAGE(canceled_next_takes_no_later_item),
    STAGE(canceled_next_keeps_an_arrived_item),
    STAGE(canceled_next_does_not_cancel_a_promise_item),
    STAGE(several_receives_may_be_pending),
    STAGE(try_next_requests_an_item),
    STAGE(error_item_passes_through),
    STAGE(failure_follows_the_items),
    STAGE(last_error_item_is_no_failure),
    STAGE(error_item_before_a_failure_stays_distinct),
    STAGE(failure_rejects_a_pending_receive),
    STAGE(closing_the_stage_closes_its_source),
    STAGE(closing_a_waiting_stage_takes_no_item),
    STAGE(function_may_release_its_stage),
    STAGE(destroyed_item_may_close_the_stage),
    STAGE(loop_close_settles_a_pending_receive),
    STAGE(sends_to_a_stage_are_refused),
    STAGE(stage_without_memory_rejects),
    STAGE(receive_without_memory_fails_the_stage),
  };
  return RUN(tests);
}
