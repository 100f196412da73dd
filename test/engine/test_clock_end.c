/* SPDX-License-Identifier: MIT */
/* The end of virtual clocks: when the loop closes, when the program closes
   their handles, and at the end of time. */
#include "clocks.h"

static void closing_the_loop_advances_the_clock_for_shields(void **state) {
  avow_promise_t *p = avow_shield(avow_sleep(loop, HOUR));
  note_time_of(avow_finally(p, NULL, NULL), "shielded");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("shielded@3600000");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void closing_the_loop_cancels_advances(void **state) {
  avow_promise_t *p = avow_clock_advance(loop, HOUR);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void closing_does_not_wait_for_an_endless_sleep(void **state) {
  avow_promise_t *p = avow_shield(avow_sleep(loop, UINT64_MAX));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void program_may_close_all_handles(void **state) {
  avow_promise_t *sleep = avow_sleep(loop, HOUR);
  avow_promise_t *p = avow_clock_advance(loop, HOUR);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT);

  assert_rejects(avow_clock_advance(loop, 1), UV_ECANCELED);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(sleep);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void close_timer(uv_handle_t *handle, void *data) {
  if (handle->type == UV_TIMER)
    close_handle(handle, NULL);
}

/* A program may close handles that it does not know, such as the timers of
   avow. */
static void closed_timers_do_not_fire(void **state) {
  avow_channel_t *ticks = avow_ticks(loop, SECOND);
  avow_promise_t *tick = avow_channel_next(ticks);
  avow_promise_t *sleep = avow_sleep(loop, SECOND);
  uv_walk(loop, close_timer, NULL);

  advance(HOUR);

  assert_int_equal(avow_state(tick), AVOW_PENDING);
  assert_int_equal(avow_state(sleep), AVOW_PENDING);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_channel_unref(ticks);
  avow_unref(tick);
  avow_unref(sleep);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void timers_set_after_their_close_do_not_fire(void **state) {
  avow_channel_t *ticks = avow_ticks(loop, SECOND);
  uv_walk(loop, close_timer, NULL);
  avow_promise_t *tick = avow_channel_next(ticks);

  advance(HOUR);

  assert_int_equal(avow_state(tick), AVOW_PENDING);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_channel_unref(ticks);
  avow_unref(tick);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void do_nothing(uv_prepare_t *prepare) {
}

/* The prepare handle keeps the loop alive and does not stop the clock. */
static void automatic_clock_never_reaches_the_end_of_time(void **state) {
  uv_prepare_t prepare;
  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, do_nothing);
  avow_promise_t *p = avow_sleep(loop, UINT64_MAX);
  note_sleep(HOUR, "sleep");
  for (int i = 0; i < 10; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);

  assert_notes("sleep@3600000");
  assert_true(avow_now(loop) == HOUR);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  close_handle((uv_handle_t *) &prepare, NULL);
  run();
}

static void endless_sleep_does_not_keep_the_loop_alive(void **state) {
  avow_promise_t *p = avow_sleep(loop, UINT64_MAX);

  const avow_value_t v = avow_run(avow_ref(p));

  assert_int_equal(avow_error_code(&v), AVOW_EIDLE);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  note_sleep(1, "sleep"); /* shares the timer of p */
  run();
  assert_notes("sleep@1");
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

SUITE(clock_end) {
  const struct CMUnitTest tests[] = {
    BOTH(closing_the_loop_advances_the_clock_for_shields),
    BOTH(closing_the_loop_cancels_advances),
    BOTH(closing_does_not_wait_for_an_endless_sleep),
    BOTH(program_may_close_all_handles),
    BY_HAND(closed_timers_do_not_fire),
    BY_HAND(timers_set_after_their_close_do_not_fire),
    BY_ITSELF(automatic_clock_never_reaches_the_end_of_time),
    BY_ITSELF(endless_sleep_does_not_keep_the_loop_alive),
  };
  return RUN(tests);
}
