/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

enum { SEED = 1, PAUSES = 2059 }; /* ms in all, with this seed */

static uv_loop_t the_loop, *const loop = &the_loop;

static int begin(avow_clock_t clock) {
  const avow_options_t options = { .clock = clock, .slow_us = UINT_MAX };
  return uv_loop_init(loop) != 0 || avow_loop_init(loop, &options) != 0;
}

static int by_itself(void **state) {
  return begin(AVOW_CLOCK_BY_ITSELF);
}

static int by_hand(void **state) {
  return begin(AVOW_CLOCK_BY_HAND);
}

/* Fails if the test has left anything on the loop. */
static int end(void **state) {
  return avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0;
}

/* Answers a number of times, and never after that. */
typedef struct {
  int answers;
  int asked;
} service_t;

static avow_value_t ask(void *data) {
  service_t *service = data;
  if (service->asked++ < service->answers)
    return avow_none();
  return avow_follow(avow_sleep(loop, UINT64_MAX));
}

static void silence_is_reported_after_three_attempts(void **state) {
  service_t service = { .answers = 60 };

  const avow_value_t v = avow_run(watch_service(loop, ask, &service, SEED));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_int_equal(service.asked, 60 + 3);
  assert_int_equal(avow_now(loop), HOUR + 30 * SECOND + PAUSES);
  avow_value_unref(v);
}

static void advance(uint64_t ms) {
  const avow_value_t v = avow_run(avow_clock_advance(loop, ms));
  assert_true(avow_is_none(&v));
}

static void service_is_asked_each_minute(void **state) {
  service_t service = { .answers = 1000 };
  avow_promise_t *p = watch_service(loop, ask, &service, SEED);

  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(service.asked, 1);
  advance(MINUTE - 1);
  assert_int_equal(service.asked, 1);
  advance(1);
  assert_int_equal(service.asked, 2);
  advance(HOUR);
  assert_int_equal(service.asked, 2 + 60);

  avow_cancel(p);
  avow_unref(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(silence_is_reported_after_three_attempts,
                                    by_itself, end),
    cmocka_unit_test_setup_teardown(service_is_asked_each_minute, by_hand, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
