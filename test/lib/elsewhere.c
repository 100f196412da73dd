/* SPDX-License-Identifier: MIT */
#include "elsewhere.h"

static uv_loop_t other;
static avow_deferred_t *other_deferred;

avow_promise_t *promise_on_second_loop(void) {
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  return avow_promise_new(&other, &other_deferred);
}

uv_loop_t *second_loop(void) {
  return &other;
}

void close_second_loop(void) {
  assert_true(avow_resolve(other_deferred, avow_none()));
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}
