/* SPDX-License-Identifier: MIT */
/* Debounces: the last item after a quiet time. */
#include "harness.h"

enum { QUIET = 20 };

static avow_channel_t *from, *to;

static int set_up(void **state) {
  const int err = harness_setup(state);
  from = avow_channel_new(loop, 8);
  to = avow_channel_debounce(avow_channel_ref(from), QUIET, AVOW_EDGE_TRAILING);
  return err;
}

static int set_up_timed(void **state) {
  clock_of_tests = AVOW_CLOCK_BY_ITSELF;
  const int err = set_up(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  avow_channel_unref(from);
  run();
  return harness_teardown(state);
}

static void send_item(int64_t item) {
  assert_fulfills_none(avow_channel_send(from, avow_int(item)));
}

/* libuv counts whole milliseconds, so one may be lost. */
static void assert_quiet_since(uint64_t begin) {
  assert_true(uv_hrtime() - begin >= (QUIET - 1) * UINT64_C(1000000));
}

static void last_item_of_a_burst_follows_the_quiet_time(void **state) {
  for (int i = 1; i <= 3; i++)
    send_item(i);
  uv_sleep(2 * QUIET); /* makes the loop's cached time stale */
  const uint64_t begin = uv_hrtime();

  assert_fulfills_int(avow_channel_next(to), 3);

  assert_quiet_since(begin);
  send_item(4);
  assert_fulfills_int(avow_channel_next(to), 4);
}

static avow_value_t send_late(const avow_value_t *none, void *data) {
  uv_sleep(2 * QUIET);
  *(uint64_t *) data = uv_hrtime();
  return avow_follow(avow_channel_send(from, avow_int(1)));
}

static void quiet_time_starts_after_a_slow_callback(void **state) {
  uint64_t begin = 0;
  avow_promise_t *p = avow_channel_next(to);
  avow_unref(avow_then(avow_random(loop, 1), send_late, NULL, &begin));

  assert_fulfills_int(p, 1);

  assert_quiet_since(begin);
}

static void each_item_restarts_the_quiet_time(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_item(1);
  advance(QUIET - 1);

  send_item(2);

  assert_fulfills_int(p, 2);
  assert_int_equal(avow_now(loop), QUIET - 1 + QUIET);
}

static void last_item_arrives_at_once_when_the_source_ends(void **state) {
  avow_channel_t *slow = avow_channel_debounce(avow_channel_ref(from),
                                               100000000, AVOW_EDGE_TRAILING);
  send_item(1);
  send_item(2);
  avow_channel_end(from);

  assert_fulfills_int(avow_channel_next(slow), 2);
  assert_fulfills_none(avow_channel_next(slow));

  avow_channel_unref(slow);
}

static void last_item_precedes_the_failure(void **state) {
  send_item(1);
  avow_channel_fail(from, avow_error(UV_EIO));

  assert_fulfills_int(avow_channel_next(to), 1);
  assert_rejects(avow_channel_next(to), UV_EIO);
}

static void no_item_is_taken_without_a_receiver(void **state) {
  send_item(1);
  run();

  assert_fulfills_int(avow_channel_next(from), 1);
}

static void item_taken_before_a_cancel_is_kept(void **state) {
  avow_promise_t *p = avow_channel_next(to);
  send_item(1);
  advance(0);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  send_item(2);
  advance(2 * QUIET);

  assert_fulfills_int(avow_channel_next(to), 1);
  assert_int_equal(avow_now(loop), 2 * QUIET);
  assert_fulfills_int(avow_channel_next(to), 2);
  assert_int_equal(avow_now(loop), 3 * QUIET);
}

static void closing_the_debounce_closes_its_source(void **state) {
  avow_channel_t *other = avow_channel_new(loop, 8);
  avow_channel_t *debounced =
      avow_channel_debounce(other, QUIET, AVOW_EDGE_TRAILING);
  avow_promise_t *sent[9];
  for (int i = 0; i < 9; i++)
    sent[i] = avow_channel_send(other, avow_int(i));

  avow_channel_close(debounced);

  assert_rejects(sent[8], UV_EPIPE);
  for (int i = 0; i < 8; i++)
    avow_unref(sent[i]);
  assert_fulfills_none(avow_channel_next(debounced));
  avow_channel_unref(debounced);
}

static void debounce_without_memory_rejects(void **state) {
  for (int n = 1; n <= 2; n++) {
    avow_channel_t *other = avow_channel_new(loop, 8);

    fail_allocation(n, false);
    avow_channel_t *debounced =
        avow_channel_debounce(other, QUIET, AVOW_EDGE_TRAILING);
    fail_allocation(0, false);

    assert_rejects(avow_channel_next(debounced), UV_ENOMEM);
    avow_channel_unref(debounced);
  }
}

#define DEBOUNCE_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TIMED_DEBOUNCE(f) \
  cmocka_unit_test_setup_teardown(f, set_up_timed, tear_down)

SUITE(debounce) {
  const struct CMUnitTest tests[] = {
    DEBOUNCE_CASE(last_item_of_a_burst_follows_the_quiet_time),
    DEBOUNCE_CASE(quiet_time_starts_after_a_slow_callback),
    TIMED_DEBOUNCE(each_item_restarts_the_quiet_time),
    DEBOUNCE_CASE(last_item_arrives_at_once_when_the_source_ends),
    DEBOUNCE_CASE(last_item_precedes_the_failure),
    DEBOUNCE_CASE(no_item_is_taken_without_a_receiver),
    TIMED_DEBOUNCE(item_taken_before_a_cancel_is_kept),
    DEBOUNCE_CASE(closing_the_debounce_closes_its_source),
    DEBOUNCE_CASE(debounce_without_memory_rejects),
  };
  return RUN(tests);
}
