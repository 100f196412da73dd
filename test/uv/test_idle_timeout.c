/* SPDX-License-Identifier: MIT */
/* Pumps with options, with a clock that the test advances. */
#include "worlds.h"

static avow_value_t to_ends[2];

static int set_up(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  use_clock(AVOW_CLOCK_BY_HAND);
  open_ends(avow_duplex(loop, 100, NULL), ends);
  open_ends(avow_duplex(loop, 4, NULL), to_ends);
  return 0;
}

static int tear_down(void **state) {
  avow_value_clear(&ends[0]);
  avow_value_clear(&ends[1]);
  avow_value_clear(&to_ends[0]);
  avow_value_clear(&to_ends[1]);
  return harness_teardown(state);
}

static avow_promise_t *pump_with(const avow_pump_options_t *options) {
  return avow_pump(there(), avow_to_stream(&to_ends[0]), options);
}

static void tell(const char *word) {
  avow_unref(avow_write(here(), avow_string(word)));
  run();
}

static void assert_hears_there(const char *word) {
  assert_fulfills_bytes(avow_read(avow_to_stream(&to_ends[1]), 100), word);
  run();
}

static void pump_reports_the_bytes_moved(void **state) {
  uint64_t moved = 77;
  const avow_pump_options_t options = { .moved = &moved };
  avow_promise_t *p = pump_with(&options);
  assert_int_equal(moved, 0);

  tell("abc");
  assert_int_equal(moved, 3);
  tell("de");
  assert_int_equal(moved, 3);
  assert_hears_there("abc");
  assert_int_equal(moved, 5);

  avow_unref(avow_shutdown(here()));
  assert_fulfills_int(p, 5);
}

static void pump_with_keep_open_keeps_its_sink_open(void **state) {
  const avow_pump_options_t options = { .keep_open = true };
  tell("abc");
  avow_unref(avow_shutdown(here()));

  assert_fulfills_int(pump_with(&options), 3);

  assert_hears_there("abc");
  avow_unref(avow_write(avow_to_stream(&to_ends[0]), avow_string("d")));
  assert_hears_there("d");
}

static void idle_pump_times_out(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  run();
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_true(avow_is_timeout(avow_result(p)));
  assert_says(p, UV_ETIMEDOUT, "pump: no bytes for 1000 ms");
  tell("hello");
  assert_fulfills_bytes(avow_read(there(), 100), "hello");
}

static void moved_bytes_restart_the_timeout(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  for (int i = 0; i < 3; i++) {
    advance(900);
    tell("abc");
    assert_hears_there("abc");
  }
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1000);

  assert_rejects(p, UV_ETIMEDOUT);
}

/* No reader takes the data that the pump has read. */
static void pump_that_cannot_write_times_out(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  tell("hello");

  advance(1000);

  assert_rejects(p, UV_ETIMEDOUT);
}

/* One write of 60 bytes, of which the peer takes 4 at intervals. */
static void slow_write_does_not_time_out(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  tell("012345678901234567890123456789012345678901234567890123456789");
  for (int i = 0; i < 7; i++) {
    advance(900);
    avow_ignore(avow_run(avow_read(avow_to_stream(&to_ends[1]), 4)));
    run();
    assert_int_equal(avow_state(p), AVOW_PENDING);
  }

  advance(2000);

  assert_says(p, UV_ETIMEDOUT, "pump: no bytes for 1000 ms");
}

/* The pump has written all data, and then no more arrives. */
static void timeout_starts_when_a_write_ends(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  tell("01234567");
  advance(500);
  assert_hears_there("01234567");
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_rejects(p, UV_ETIMEDOUT);
}

static void finished_pump_leaves_no_timer(void **state) {
  const avow_pump_options_t options = { .idle = 1000 };
  avow_promise_t *p = pump_with(&options);
  avow_unref(avow_shutdown(here()));

  assert_fulfills_int(p, 0);
}

static void pump_refuses_nonzero_reserved_fields(void **state) {
  const avow_pump_options_t newer = { .reserved = { 0, 1 } };

  assert_rejects(pump_with(&newer), UV_EINVAL);
}

#define IN_TIME(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(idle_timeout) {
  const struct CMUnitTest tests[] = {
    IN_TIME(pump_reports_the_bytes_moved),
    IN_TIME(pump_with_keep_open_keeps_its_sink_open),
    IN_TIME(idle_pump_times_out),
    IN_TIME(moved_bytes_restart_the_timeout),
    IN_TIME(pump_that_cannot_write_times_out),
    IN_TIME(slow_write_does_not_time_out),
    IN_TIME(timeout_starts_when_a_write_ends),
    IN_TIME(finished_pump_leaves_no_timer),
    IN_TIME(pump_refuses_nonzero_reserved_fields),
  };
  return RUN(tests);
}
