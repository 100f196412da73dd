/* SPDX-License-Identifier: MIT */
/* Calls that a rate paces, and their times. */
#include "throttled.h"

uint64_t times[MOST];
size_t called;

static avow_value_t stamp(const avow_value_t *arg, void *unused) {
  assert_true(called < MOST);
  times[called++] = avow_now(loop);
  return avow_int((int64_t) avow_now(loop));
}

avow_rate_t *every(uint64_t limit, uint64_t ms, uint64_t burst) {
  const avow_rate_options_t options = { .burst = burst };
  called = 0;
  return avow_rate_new(loop, limit, ms, &options);
}

avow_promise_t *throttled(const avow_rate_t *r, uint64_t weight) {
  return avow_then(avow_rate_acquire(r, weight), stamp, NULL, NULL);
}

avow_promise_t *throttled_many(const avow_rate_t *r, size_t n) {
  avow_promise_t *ps[MOST];
  for (size_t i = 0; i < n; i++)
    ps[i] = throttled(r, 1);
  return avow_all(loop, ps, n);
}

void assert_no_time_passes(void) {
  run();
  assert_int_equal(avow_now(loop), 0);
}

void zero_limit_is_refused(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 0, 50, NULL);

  assert_rejects(avow_rate_acquire(r, 1), UV_EINVAL);

  avow_rate_unref(r);
}

void zero_interval_is_refused(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 3, 0, NULL);

  assert_rejects(avow_rate_acquire(r, 1), UV_EINVAL);

  avow_rate_unref(r);
}

void signal_rejects_a_waiting_caller(void **state) {
  avow_rate_t *r = every(1, 10000, 0);
  finish(throttled(r, 1));
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_until(throttled(r, 1), stop);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_true(avow_reject(d, avow_error(UV_EPERM)));

  assert_rejects(p, UV_EPERM);
  assert_no_time_passes();
  avow_unref(stop);
  avow_rate_unref(r);
}

void try_returns_whether_a_token_is_available(void **state) {
  avow_rate_t *r = every(10, 100, 0);

  for (size_t i = 0; i < 10; i++)
    assert_true(avow_rate_try(r, 1));

  for (size_t i = 0; i < 20; i++)
    assert_false(avow_rate_try(r, 1));
  avow_rate_unref(r);
}
