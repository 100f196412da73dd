/* SPDX-License-Identifier: MIT */
/* Ticks: none is lost, none drifts, and none is counted without a receive. */
#include "harness.h"

static int64_t next_tick(const avow_channel_t *c) {
  const avow_value_t v = avow_run(avow_channel_next(c));
  assert_string_equal(avow_error_message(&v), "no error");
  return avow_to_int(&v);
}

static void ticks_come_at_their_times(void **state) {
  avow_channel_t *c = avow_ticks(loop, 5);

  for (uint64_t i = 1; i <= 1000; i++) {
    assert_int_equal(next_tick(c), 1);
    assert_int_equal(avow_now(loop), i * 5);
  }

  avow_channel_unref(c);
}

static void late_takers_lose_no_tick(void **state) {
  avow_channel_t *c = avow_ticks(loop, 2);
  assert_int_equal(next_tick(c), 1);

  advance(11);
  avow_promise_t *next = avow_channel_next(c);

  assert_int_equal(avow_state(next), AVOW_FULFILLED);
  assert_fulfils_int(next, 5);
  assert_int_equal(avow_now(loop), 13);
  assert_int_equal(next_tick(c), 1);
  assert_int_equal(avow_now(loop), 14);
  avow_channel_unref(c);
}

static void a_late_taker_gets_all_at_once(void **state) {
  avow_channel_t *c = avow_ticks(loop, 2);

  uv_sleep(11);

  assert_true(next_tick(c) >= 5);
  avow_channel_unref(c);
}

static void the_loop_has_nothing_to_do_while_nobody_waits(void **state) {
  avow_channel_t *c = avow_ticks(loop, 60000);
  run();

  avow_promise_t *next = avow_channel_next(c);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  avow_cancel(next);
  avow_unref(next);

  assert_int_equal(uv_loop_alive(loop), 0);
  avow_channel_unref(c);
}

static void no_ticks_of_nothing(void **state) {
  avow_channel_t *c = avow_ticks(loop, 0);

  assert_rejects(avow_channel_next(c), UV_EINVAL);
  avow_channel_unref(c);
}

static void long_ticks_do_not_overflow(void **state) {
  avow_channel_t *c = avow_ticks(loop, UINT64_MAX);

  assert_rejects(avow_timeout(avow_channel_next(c), 2), UV_ETIMEDOUT);
  avow_channel_unref(c);
}

static void a_program_may_close_all_handles(void **state) {
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
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void nobody_else_ticks(void **state) {
  avow_channel_t *c = avow_ticks(loop, 1);

  assert_rejects(avow_channel_send(c, avow_int(99)), UV_EALREADY);

  assert_fulfils_int(avow_channel_next(c), 1);
  avow_channel_unref(c);
}

static void loop_close_stops_them(void **state) {
  avow_channel_t *c = avow_ticks(loop, 60000);
  avow_promise_t *next = avow_channel_next(c);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

SUITE(ticks) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(ticks_come_at_their_times),
    TIMED_CASE(late_takers_lose_no_tick),
    CASE(a_late_taker_gets_all_at_once),
    CASE(the_loop_has_nothing_to_do_while_nobody_waits),
    CASE(no_ticks_of_nothing),
    TIMED_CASE(long_ticks_do_not_overflow),
    CASE(a_program_may_close_all_handles),
    TIMED_CASE(nobody_else_ticks),
    CASE(loop_close_stops_them),
  };
  return RUN(tests);
}
