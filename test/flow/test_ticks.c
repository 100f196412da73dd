/* SPDX-License-Identifier: MIT */
/* Ticks: none is lost, none drifts, and none is counted without a receive. */
#include "harness.h"

static int64_t next_tick(const avow_channel_t *c) {
  const avow_value_t v = avow_run(avow_channel_next(c));
  assert_string_equal(avow_error_message(&v), "no error");
  return avow_to_int(&v);
}

static void ticks_arrive_at_their_times(void **state) {
  avow_channel_t *c = avow_ticks(loop, 5);

  for (uint64_t i = 1; i <= 1000; i++) {
    assert_int_equal(next_tick(c), 1);
    assert_int_equal(avow_now(loop), i * 5);
  }

  avow_channel_unref(c);
}

static void late_receives_lose_no_tick(void **state) {
  avow_channel_t *c = avow_ticks(loop, 2);
  assert_int_equal(next_tick(c), 1);

  advance(11);
  avow_promise_t *next = avow_channel_next(c);

  assert_int_equal(avow_state(next), AVOW_FULFILLED);
  assert_fulfills_int(next, 5);
  assert_int_equal(avow_now(loop), 13);
  assert_int_equal(next_tick(c), 1);
  assert_int_equal(avow_now(loop), 14);
  avow_channel_unref(c);
}

static void late_receive_gets_all_ticks_at_once(void **state) {
  avow_channel_t *c = avow_ticks(loop, 2);

  uv_sleep(11);

  assert_true(next_tick(c) >= 5);
  avow_channel_unref(c);
}

static void only_a_pending_receive_keeps_the_loop_alive(void **state) {
  avow_channel_t *c = avow_ticks(loop, 60000);
  run();

  avow_promise_t *next = avow_channel_next(c);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  avow_cancel(next);
  avow_unref(next);

  assert_int_equal(uv_loop_alive(loop), 0);
  avow_channel_unref(c);
}

static void interval_0_is_refused(void **state) {
  avow_channel_t *c = avow_ticks(loop, 0);

  assert_rejects(avow_channel_next(c), UV_EINVAL);
  avow_channel_unref(c);
}

static void long_intervals_do_not_overflow(void **state) {
  avow_channel_t *c = avow_ticks(loop, UINT64_MAX);

  assert_rejects(avow_timeout(avow_channel_next(c), 2), UV_ETIMEDOUT);
  avow_channel_unref(c);
}

static void program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_ticks(loop, 1);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  avow_cancel(next);
  avow_unref(next);
  next = avow_channel_next(c);
  avow_unref(next);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void sends_by_the_program_are_refused(void **state) {
  avow_channel_t *c = avow_ticks(loop, 1);

  assert_rejects(avow_channel_send(c, avow_int(99)), UV_EALREADY);

  assert_fulfills_int(avow_channel_next(c), 1);
  avow_channel_unref(c);
}

static void loop_close_cancels_a_pending_receive(void **state) {
  avow_channel_t *c = avow_ticks(loop, 60000);
  avow_promise_t *next = avow_channel_next(c);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(ticks) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(ticks_arrive_at_their_times),
    TIMED_CASE(late_receives_lose_no_tick),
    CASE(late_receive_gets_all_ticks_at_once),
    CASE(only_a_pending_receive_keeps_the_loop_alive),
    CASE(interval_0_is_refused),
    TIMED_CASE(long_intervals_do_not_overflow),
    CASE(program_may_close_all_handles),
    TIMED_CASE(sends_by_the_program_are_refused),
    CASE(loop_close_cancels_a_pending_receive),
  };
  return RUN(tests);
}
