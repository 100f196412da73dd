/* SPDX-License-Identifier: MIT */
/* Deadlines: absolute times that functions pass on. */
#include "famine.h"

static avow_promise_t *pending(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, "stopped");
  return p;
}

/* Spins until the cached time of the loop is outdated. Returns the cached
   time. */
static uint64_t outdated(void) {
  const uint64_t then = uv_now(loop);
  while (uv_hrtime() / 1000000 <= then)
    continue;
  return then;
}

static void now_is_the_current_time(void **state) {
  const uint64_t then = outdated();

  assert_true(avow_now(loop) > then);
}

static void on_raw_timer(uv_timer_t *timer) {
  const uint64_t then = outdated();
  avow_rate_t *rate = avow_rate_new(loop, 1, 1000, NULL);
  avow_channel_t *ticks = avow_ticks(loop, 1);
  avow_unref(avow_sleep(loop, 1));
  avow_unref(avow_timeout(avow_sleep(loop, 1), 1));
  avow_unref(avow_deadline(avow_sleep(loop, 1), avow_now(loop) + 1));
  assert_true(avow_rate_try(rate, 1));
  avow_unref(avow_rate_acquire(rate, 1));
  avow_unref(avow_channel_next(ticks));

  assert_true(uv_now(loop) == then);
  avow_channel_unref(ticks);
  avow_rate_unref(rate);
  uv_close((uv_handle_t *) timer, NULL);
}

/* If a call moved the cached time, libuv before 1.48 would call a repeating
   timer again and again and never poll. */
static void no_call_updates_the_cached_time(void **state) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_raw_timer, 0, 0), 0);

  run();
}

static void deadline_rejects_a_late_promise(void **state) {
  avow_deferred_t *d;
  const uint64_t by = avow_now(loop) + 2;

  const avow_value_t v = avow_run(avow_deadline(pending(&d), by));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_true(avow_now(loop) >= by);
  assert_notes("stopped");
  avow_value_unref(v);
  avow_deferred_drop(d);
}

static void earlier_of_nested_deadlines_applies(void **state) {
  avow_deferred_t *a, *b;
  const uint64_t soon = avow_now(loop) + 2, late = soon + 60000;

  avow_promise_t *p = avow_deadline(avow_timeout(pending(&a), 60000), soon);
  avow_promise_t *q = avow_deadline(avow_timeout(pending(&b), 2), late);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_rejects(q, UV_ETIMEDOUT);
  assert_notes("stopped stopped");
  avow_deferred_drop(a);
  avow_deferred_drop(b);
}

static void passed_deadline_rejects_at_once(void **state) {
  avow_deferred_t *d;

  avow_promise_t *p = avow_deadline(pending(&d), 0);

  assert_notes("stopped");
  assert_says(p, UV_ETIMEDOUT, "timed out");
  avow_deferred_drop(d);
}

static void promise_settled_before_its_deadline_is_unchanged(void **state) {
  const uint64_t by = avow_now(loop) + 60000;
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  assert_fulfills_int(avow_deadline(p, by), 1);

  assert_false(uv_loop_alive(loop));
}

static void deadline_of_never_returns_the_promise(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  assert_ptr_equal(avow_deadline(p, AVOW_NEVER), p);

  assert_fulfills_int(p, 1);
}

static avow_value_t ask_the_time(const avow_value_t *arg, void *data) {
  const uint64_t then = outdated();
  assert_true(avow_now(loop) > then);
  assert_true(uv_now(loop) == then);
  return avow_none();
}

static void ask_a_closed_loop(void) {
  assert_true(avow_now(loop) == 0);
}

static void closed_loop_has_no_current_time(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_true(avow_deadline(p, 5) == p);
  assert_misuse(ask_a_closed_loop, "loop is closed or not initialized");

  avow_unref(p);
  avow_deferred_drop(d);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void now_is_the_current_time_in_callbacks(void **state) {
  avow_promise_t *p = avow_sleep(loop, 0);

  assert_fulfills_none(avow_then(p, ask_the_time, NULL, NULL));
}

static void passed_deadline_rejects_with_enomem_without_memory(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d);
  const uint64_t by = uv_now(loop);
  use_up_memory();
  p = avow_deadline(p, by);
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);

  assert_notes("stopped");
  avow_deferred_drop(d);
}

SUITE(deadline) {
  const struct CMUnitTest tests[] = {
    CASE(now_is_the_current_time),
    CASE(now_is_the_current_time_in_callbacks),
    CASE(no_call_updates_the_cached_time),
    CASE(deadline_rejects_a_late_promise),
    CASE(earlier_of_nested_deadlines_applies),
    CASE(passed_deadline_rejects_at_once),
    CASE(promise_settled_before_its_deadline_is_unchanged),
    CASE(deadline_of_never_returns_the_promise),
    CASE(closed_loop_has_no_current_time),
    CASE(passed_deadline_rejects_with_enomem_without_memory),
  };
  return RUN(tests);
}
