/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "echo.h"

static uv_loop_t the_loop, *const loop = &the_loop;

static int begin(void **state) {
  const avow_options_t options = { .clock = AVOW_CLOCK_BY_ITSELF,
                                   .slow_us = UINT_MAX };
  return uv_loop_init(loop) != 0 || avow_loop_init(loop, &options) != 0;
}

static int end(void **state) {
  return avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0;
}

/* Each read gives one byte, twenty seconds after it was written. */
static void lines_are_echoed(void **state) {
  const avow_duplex_options_t slow = { .max_bytes = 1, .delay = 20000 };
  const avow_value_t ends = avow_duplex(loop, 1024, &slow);
  const avow_stream_t guest = avow_to_stream(avow_list_at(&ends, 0));
  const avow_stream_t host = avow_to_stream(avow_list_at(&ends, 1));
  char buffer[6];
  avow_promise_t *p = echo_lines(loop, host);

  avow_unref(avow_write(guest, avow_string("one\ntwo\n")));
  avow_unref(avow_shutdown(guest));
  const avow_value_t n = avow_run(avow_read_into(guest, buffer, 6, 6));

  assert_int_equal(avow_to_int(&n), 6);
  assert_memory_equal(buffer, "onetwo", 6);
  assert_int_equal(avow_now(loop), 2 * 20000);
  const avow_value_t lines = avow_run(p);
  assert_int_equal(avow_to_int(&lines), 2);
  avow_value_unref(ends);
}

static void silent_peer_times_out(void **state) {
  const avow_value_t ends = avow_duplex(loop, 1024, NULL);
  const avow_stream_t host = avow_to_stream(avow_list_at(&ends, 1));

  const avow_value_t v = avow_run(echo_lines(loop, host));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_int_equal(avow_now(loop), 30000);
  avow_value_unref(v);
  avow_value_unref(ends);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(lines_are_echoed, begin, end),
    cmocka_unit_test_setup_teardown(silent_peer_times_out, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
