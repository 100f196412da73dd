/* SPDX-License-Identifier: MIT */
/* Pumps that are canceled, and pumps whose streams or loop are closed. */
#include "pumped.h"

#include <signal.h>
#include <unistd.h>

static void canceled_pump_leaves_the_rest(void **state) {
  avow_promise_t *p = start_pump();
  tell("moved");
  turn_once();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  tell("left");

  const avow_value_t v = avow_run(avow_read(avow_uv_stream(from), 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "left");
  avow_value_unref(v);
  assert_told("moved");
}

static void pump_canceled_at_once_moves_nothing(void **state) {
  tell("left");
  avow_promise_t *p = start_pump();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  turn_once();
  char byte;
  assert_int_equal(read(peers[1], &byte, 1), -1);
}

static void canceled_pump_writes_all_that_it_read(void **state) {
  avow_promise_t *p = start_pump();
  assert_true(stuff() < LARGE);
  const size_t queued = uv_stream_get_write_queue_size(to);
  assert_true(queued > 0);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  size_t heard = 0;
  while (uv_stream_get_write_queue_size(to) > 0) {
    heard += hear_pattern(heard);
    turn_once();
  }

  assert_fulfills_int(avow_write(avow_uv_stream(to), avow_string("!")), 1);
}

static void pump_canceled_during_its_shutdown_settles(void **state) {
  avow_promise_t *p = start_pump();
  leave(0);
  turn_once();

  avow_cancel(p);

  avow_value_unref(avow_run(p));
}

static void cancel_after_the_pump_ends_changes_nothing(void **state) {
  avow_promise_t *p = start_pump();
  avow_promise_t *q = avow_then(avow_ref(p), cancel_cb, NULL, p);
  leave(0);

  assert_fulfills_int(q, 0);

  assert_fulfills_int(p, 0);
}

static void closing_the_source_rejects_the_pump(void **state) {
  avow_promise_t *p = start_pump();

  assert_fulfills_none(avow_close_handle((uv_handle_t *) from));

  assert_rejects(p, UV_ECANCELED);
}

static void closing_the_destination_rejects_the_pump(void **state) {
  avow_promise_t *p = start_pump();

  assert_fulfills_none(avow_close_handle((uv_handle_t *) to));

  assert_rejects(p, UV_ECANCELED);
  tell("x");
  turn_once();
}

static void closing_a_stream_rejects_a_waiting_pump(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = start_pump();
    assert_true(stuff() < LARGE);

    assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours[i]));

    assert_rejects(p, UV_ECANCELED);
    assert_int_equal(pump_teardown(state), 0);
    assert_int_equal(pump_setup(state), 0);
  }
}

static void uv_close_of_a_stream_rejects_a_waiting_pump(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = start_pump();
    assert_true(stuff() < LARGE);
    uv_close((uv_handle_t *) &ours[i], NULL);
    size_t heard = 0;
    for (int turns = 0; turns < 1000 && avow_state(p) == AVOW_PENDING;
         turns++) {
      heard += hear_pattern(heard);
      turn_once();
    }

    assert_rejects(p, i == 0 ? UV_EINVAL : UV_ECANCELED);
    assert_int_equal(pump_teardown(state), 0);
    assert_int_equal(pump_setup(state), 0);
  }
}

static void loop_close_cancels_pumps(void **state) {
  avow_promise_t *p = start_pump();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void waiting_pump_is_freed_after_loop_and_stream_close(void **state) {
  avow_promise_t *p = start_pump();
  assert_true(stuff() < LARGE);

  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);
  uv_close((uv_handle_t *) to, NULL);
  turn_once();

  assert_int_equal(live_allocations(), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(pump_end) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    PUMP(canceled_pump_leaves_the_rest),
    PUMP(pump_canceled_at_once_moves_nothing),
    PUMP(canceled_pump_writes_all_that_it_read),
    PUMP(pump_canceled_during_its_shutdown_settles),
    PUMP(cancel_after_the_pump_ends_changes_nothing),
    PUMP(closing_the_source_rejects_the_pump),
    PUMP(closing_the_destination_rejects_the_pump),
    PUMP(closing_a_stream_rejects_a_waiting_pump),
    PUMP(uv_close_of_a_stream_rejects_a_waiting_pump),
    PUMP(loop_close_cancels_pumps),
    PUMP(waiting_pump_is_freed_after_loop_and_stream_close),
  };
  return RUN(tests);
}
