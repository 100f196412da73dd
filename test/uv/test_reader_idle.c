/* SPDX-License-Identifier: MIT */
/*
 * Readers with a timeout, with a clock that the test advances, over an
 * in-memory pair.
 */
#include "pieces.h"

static avow_value_t pair;

static avow_stream_t end(size_t i) {
  return avow_to_stream(avow_list_at(&pair, i));
}

static int set_up_idle(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  use_clock(AVOW_CLOCK_BY_HAND);
  pair = avow_duplex(loop, 100, NULL);
  reader = avow_reader_new(end(1));
  avow_reader_set_idle(reader, 1000);
  return 0;
}

static int tear_idle(void **state) {
  avow_reader_unref(reader);
  avow_value_clear(&pair);
  return harness_teardown(state);
}

static void tell(const char *text) {
  avow_unref(avow_write(end(0), avow_string(text)));
  run();
}

static void assert_is_idle(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_true(avow_is_timeout(avow_result(p)));
  assert_says(p, UV_ETIMEDOUT, "read: no bytes for 1000 ms");
}

static void silent_peer_times_out(void **state) {
  tell("so");
  avow_promise_t *p = line();
  run();
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_is_idle(p);
  tell(" far\n");
  assert_fulfills_bytes(line(), "so far");
}

static void received_bytes_restart_the_timeout(void **state) {
  avow_promise_t *p = avow_reader_all(reader, 100);
  for (size_t i = 0; i < 5; i++) {
    run();
    advance(999);
    tell("x");
  }
  advance(999);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  advance(1);

  assert_is_idle(p);
  avow_unref(avow_shutdown(end(0)));
  assert_fulfills_bytes(avow_reader_all(reader, 100), "xxxxx");
}

/* Between two pieces, no read is pending. */
static void time_between_requests_does_not_count(void **state) {
  tell("one\ntwo\nthr");
  assert_fulfills_bytes(line(), "one");
  advance(5000);
  assert_fulfills_bytes(line(), "two");
  advance(5000);
  avow_promise_t *p = line();
  run();
  advance(999);
  tell("ee\n");

  assert_fulfills_bytes(p, "three");
}

static void timeout_of_0_never_expires(void **state) {
  avow_reader_set_idle(reader, 0);
  avow_promise_t *p = line();
  run();
  advance(100000);
  tell("late\n");

  assert_fulfills_bytes(p, "late");
}

static void canceled_request_leaves_no_timer(void **state) {
  avow_promise_t *p = line();
  run();
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  tell("x\n");

  assert_fulfills_bytes(line(), "x");
}

#define IDLE(f) cmocka_unit_test_setup_teardown(f, set_up_idle, tear_idle)

SUITE(reader_idle) {
  const struct CMUnitTest tests[] = {
    IDLE(silent_peer_times_out),
    IDLE(received_bytes_restart_the_timeout),
    IDLE(time_between_requests_does_not_count),
    IDLE(timeout_of_0_never_expires),
    IDLE(canceled_request_leaves_no_timer),
  };
  return RUN(tests);
}
