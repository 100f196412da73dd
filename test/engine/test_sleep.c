/* SPDX-License-Identifier: MIT */
/* Sleeps and the timer that they share. test_timer_wheel.c tests the wheel. */
#include "harness.h"
#include "watched.h"

static uint64_t seed;

/* xorshift64*, with the same numbers in each run. */
static uint64_t random_below(uint64_t limit) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return (seed * UINT64_C(2685821657736338717) >> 16) % limit;
}

static void sleep_is_never_early(void **state) {
  for (uint64_t ms = 0; ms < 20; ms += 3) {
    uv_update_time(loop);
    const uint64_t start = uv_now(loop);

    assert_fulfills_none(avow_sleep(loop, ms));

    assert_true(uv_now(loop) >= start + ms);
  }
}

static void sleep_of_zero_waits_for_the_loop(void **state) {
  avow_promise_t *p = avow_sleep(loop, 0);

  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_none(p);
}

typedef struct {
  uint64_t deadline;
  uint64_t age;
} nap_t;

static nap_t naps[2000], woken[2000];
static unsigned n_woken;

static int compare_naps(const void *a, const void *b) {
  const nap_t *x = a, *y = b;
  if (x->deadline != y->deadline)
    return x->deadline < y->deadline ? -1 : 1;
  return x->age < y->age ? -1 : 1;
}

static avow_value_t wake_cb(const avow_value_t *arg, void *nap) {
  woken[n_woken++] = *(nap_t *) nap;
  return avow_none();
}

static avow_value_t take_naps(const avow_value_t *arg, void *data) {
  for (unsigned i = 0; i < 2000; i++) {
    const uint64_t ms = random_below(300);
    naps[i] = (nap_t){ uv_now(loop) + ms, i };
    avow_unref(avow_then(avow_sleep(loop, ms), wake_cb, NULL, &naps[i]));
  }
  return avow_none();
}

/* All sleeps of a handler start at the same time. */
static void sleeps_end_by_deadline_and_then_age(void **state) {
  seed = 7;
  n_woken = 0;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, take_naps, NULL, NULL));

  run();

  qsort(naps, 2000, sizeof(naps[0]), compare_naps);
  assert_memory_equal(naps, woken, sizeof(naps));
}

static avow_value_t sleep_twice(const avow_value_t *arg, void *data) {
  avow_unref(avow_then(avow_sleep(loop, 30), note_cb, NULL, "long"));
  avow_unref(avow_then(avow_sleep(loop, 1), note_cb, NULL, "short"));
  return avow_none();
}

/* Both sleeps start at the time of the callback. */
static void later_but_shorter_sleep_ends_first(void **state) {
  assert_fulfills_none(avow_then(avow_sleep(loop, 0), sleep_twice, NULL, NULL));

  run();

  assert_notes("short long");
}

/* A sleep that counted from the cached time of the loop would end at once. */
enum { STALE = 150, LONG = 100 };

static void sleep_outside_callbacks_counts_from_the_current_time(void **state) {
  const uint64_t stale = uv_now(loop);
  uv_sleep(STALE);
  assert_int_equal(uv_now(loop), stale);

  assert_fulfills_none(avow_sleep(loop, LONG));

  assert_true(uv_now(loop) >= stale + STALE + LONG);
}

static avow_value_t sleep_long(const avow_value_t *arg, void *data) {
  return avow_follow(avow_sleep(loop, LONG));
}

static void sleep_at_the_start_of_a_run_uses_the_current_time(void **state) {
  const uint64_t stale = uv_now(loop);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, sleep_long, NULL, NULL);
  uv_sleep(STALE);

  assert_fulfills_none(p);

  assert_true(uv_now(loop) >= stale + STALE + LONG);
}

static void sleep_for_once(uv_idle_t *idle) {
  unsigned *calls = idle->data;
  if ((*calls)++ == 0)
    uv_sleep(STALE);
}

/* libuv first calls the idle handle that was started last, which is the
   program's. */
static void sleep_in_an_earlier_queued_job_uses_the_current_time(void **state) {
  unsigned calls = 0;
  const uint64_t stale = uv_now(loop);
  uv_idle_t idle = { .data = &calls };
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, sleep_long, NULL, NULL);
  (void) uv_idle_init(loop, &idle);
  (void) uv_idle_start(&idle, sleep_for_once);

  while (avow_state(p) == AVOW_PENDING)
    (void) uv_run(loop, UV_RUN_ONCE);

  assert_true(uv_now(loop) >= stale + STALE + LONG);
  assert_fulfills_none(p);
  close_handle((uv_handle_t *) &idle, NULL);
  run();
}

static avow_value_t late_cb(const avow_value_t *arg, void *data) {
  avow_unref(avow_then(avow_sleep(loop, 20), note_cb, NULL, "first"));
  uv_sleep(30);
  avow_unref(avow_then(avow_sleep(loop, 10), note_cb, NULL, "second"));
  return avow_none();
}

static void sleep_in_callbacks_counts_from_the_cached_time(void **state) {
  assert_fulfills_none(avow_then(avow_sleep(loop, 1), late_cb, NULL, NULL));

  run();

  assert_notes("second first");
}

typedef struct {
  unsigned steps, iterations;
} zero_t;

static avow_value_t zero_fn(void *data) {
  zero_t *zero = data;
  if (zero->iterations >= 3)
    return avow_int(1);
  if (++zero->steps > 100000)
    return avow_error(UV_ELOOP);
  return avow_follow(avow_sleep(loop, 0));
}

static void count_iteration(uv_prepare_t *handle) {
  ++*(unsigned *) handle->data;
}

/* libuv before 1.48 stays in the timer phase while timers are due. */
static void repeated_sleeps_of_zero_let_the_loop_iterate(void **state) {
  zero_t zero = { .steps = 0 };
  uv_prepare_t prepare = { .data = &zero.iterations };
  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, count_iteration);

  assert_fulfills_int(avow_repeat(loop, zero_fn, &zero), 1);

  assert_int_in_range(zero.steps, 1, 100);
  uv_close((uv_handle_t *) &prepare, NULL);
  run();
}

static void on_next_timer(uv_timer_t *handle) {
  note("timer");
  close_handle((uv_handle_t *) handle, NULL);
}

static void assert_inactive(uv_handle_t *handle, void *data) {
  if (handle->type == UV_IDLE || handle->type == UV_CHECK)
    assert_false(uv_is_active(handle));
}

static avow_value_t inactive_cb(const avow_value_t *arg, void *word) {
  uv_walk(loop, assert_inactive, NULL);
  note(word);
  return avow_none();
}

/* Runs in a callback, where both count from the cached time. */
static avow_value_t begin_both(const avow_value_t *arg, void *timer) {
  avow_promise_t *p = avow_sleep(loop, 5);
  p = avow_then(avow_then(p, inactive_cb, NULL, "1"), inactive_cb, NULL, "2");
  avow_unref(p);
  (void) uv_timer_init(loop, timer);
  (void) uv_timer_start(timer, on_next_timer, 5, 0);
  return avow_none();
}

/* Two timers are due together. libuv calls the older one first, and the chain
   of the sleep runs before libuv calls the other one. */
static void chain_of_a_sleep_runs_in_the_callback_of_its_timer(void **state) {
  uv_timer_t timer;
  avow_unref(avow_then(avow_next_iteration(loop), begin_both, NULL, &timer));

  run();

  assert_notes("1 2 timer");
}

static void waiting_loop_does_not_spin(void **state) {
  unsigned iterations = 0;
  uv_prepare_t prepare = { .data = &iterations };
  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, count_iteration);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, note_cb, NULL, "then");

  assert_fulfills_none(avow_sleep(loop, 50));

  assert_int_in_range(iterations, 1, 5);
  avow_unref(p);
  uv_close((uv_handle_t *) &prepare, NULL);
  run();
}

static void endless_sleep_can_be_canceled(void **state) {
  const uint64_t ever[] = { UINT64_MAX, UINT64_MAX - 1, INT64_MAX,
                            UINT64_C(1) << 48, (UINT64_C(1) << 48) - 1 };
  for (size_t i = 0; i < sizeof(ever) / sizeof(ever[0]); i++) {
    avow_promise_t *p = avow_sleep(loop, ever[i]);
    assert_fulfills_none(avow_sleep(loop, 1));
    assert_int_equal(avow_state(p), AVOW_PENDING);

    avow_cancel(p);

    assert_rejects(p, UV_ECANCELED);
    assert_false(uv_loop_alive(loop));
  }
}

static void canceled_sleep_does_not_keep_the_loop_alive(void **state) {
  avow_promise_t *a = avow_sleep(loop, 60000);
  avow_promise_t *b = avow_sleep(loop, 50000);

  avow_cancel(a);
  assert_true(uv_loop_alive(loop));
  avow_cancel(b);

  assert_false(uv_loop_alive(loop));
  avow_unref(a);
  avow_unref(b);
}

static void weak_sleep_does_not_keep_the_loop_alive(void **state) {
  avow_promise_t *p = avow_sleep_weak(loop, 1000000);

  assert_false(uv_loop_alive(loop));
  assert_rejects(avow_ref(p), AVOW_EIDLE);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
}

static void weak_sleep_ends_while_the_loop_is_alive(void **state) {
  avow_promise_t *weak = avow_sleep_weak(loop, 1);
  avow_promise_t *later = avow_sleep_weak(loop, 1000000);
  avow_promise_t *strong = avow_sleep(loop, 2);
  assert_true(uv_loop_alive(loop));

  run();

  assert_fulfills_none(weak);
  assert_fulfills_none(strong);
  assert_int_equal(avow_state(later), AVOW_PENDING);
  avow_unref(later);
}

/* The order in which sleeps start and end makes no difference. */
static void strong_sleep_keeps_the_loop_alive(void **state) {
  avow_promise_t *strong = avow_sleep(loop, 1000000);
  avow_promise_t *weak = avow_sleep_weak(loop, 1000000);
  assert_true(uv_loop_alive(loop));
  avow_cancel(strong);
  assert_false(uv_loop_alive(loop));
  avow_promise_t *limit = avow_timeout(avow_ref(weak), 1);
  assert_true(uv_loop_alive(loop));
  assert_rejects(limit, UV_ETIMEDOUT);
  assert_false(uv_loop_alive(loop));

  avow_cancel(weak);
  avow_unref(strong);
  strong = avow_sleep(loop, 1);
  assert_true(uv_loop_alive(loop));

  assert_fulfills_none(strong);
  avow_unref(weak);
}

static void sleeps_continue_when_the_first_is_canceled(void **state) {
  avow_promise_t *first = avow_sleep(loop, 5);
  avow_promise_t *second = avow_sleep(loop, 15);

  avow_cancel(first);

  assert_fulfills_none(second);
  avow_unref(first);
}

/* With linear searches the alarm would end the test. */
static void many_sleeps_can_be_canceled_in_any_order(void **state) {
  enum { N = WATCHED ? 10000 : 250000 };
  avow_promise_t **ps = test_calloc(N, sizeof(avow_promise_t *));
  for (size_t i = 0; i < N; i++)
    ps[i] = avow_sleep(loop, 3600 * 1000);

  for (size_t i = 0; i < N; i++)
    avow_cancel(ps[(i * 7919) % N]);

  assert_false(uv_loop_alive(loop));
  for (size_t i = 0; i < N; i++)
    avow_unref(ps[i]);
  test_free(ps);
}

static void count_timer(uv_handle_t *handle, void *data) {
  if (handle->type == UV_TIMER && uv_is_active(handle))
    ++*(unsigned *) data;
}

static void all_sleeps_share_one_timer(void **state) {
  for (uint64_t ms = 1; ms < 1000; ms++)
    avow_unref(avow_sleep(loop, ms * 1000));

  unsigned timers = 0;
  uv_walk(loop, count_timer, &timers);

  assert_int_equal(timers, 1);
}

static void close_cancels_sleeps(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000);

  renew_loop();

  assert_rejects(p, UV_ECANCELED);
}

/* A program that closes all handles of the loop. */

static void sleeps_survive_closed_handles_until_loop_close(void **state) {
  avow_promise_t *p = avow_catch(avow_sleep(loop, 60000), note_cb, "caught");
  uv_walk(loop, close_handle, NULL);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  renew_loop();

  assert_notes("caught");
  assert_rejects(p, UV_ECANCELED);
}

static void sleep_after_all_handles_are_closed_is_canceled(void **state) {
  assert_fulfills_none(avow_sleep(loop, 1));
  uv_walk(loop, close_handle, NULL);

  avow_promise_t *before = avow_sleep(loop, 1);
  run();
  avow_promise_t *after = avow_sleep(loop, 1);

  assert_rejects(before, UV_ECANCELED);
  assert_rejects(after, UV_ECANCELED);
}

static void sleep_can_be_canceled_after_handles_are_closed(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  uv_walk(loop, close_handle, NULL);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

SUITE(sleep) {
  const struct CMUnitTest tests[] = {
    CASE(sleep_is_never_early),
    CASE(sleep_of_zero_waits_for_the_loop),
    CASE(sleeps_end_by_deadline_and_then_age),
    TIMED_CASE(sleeps_end_by_deadline_and_then_age),
    CASE(later_but_shorter_sleep_ends_first),
    CASE(sleep_outside_callbacks_counts_from_the_current_time),
    CASE(sleep_at_the_start_of_a_run_uses_the_current_time),
    CASE(sleep_in_an_earlier_queued_job_uses_the_current_time),
    CASE(sleep_in_callbacks_counts_from_the_cached_time),
    CASE(repeated_sleeps_of_zero_let_the_loop_iterate),
    CASE(chain_of_a_sleep_runs_in_the_callback_of_its_timer),
    CASE(waiting_loop_does_not_spin),
    CASE(endless_sleep_can_be_canceled),
    CASE(canceled_sleep_does_not_keep_the_loop_alive),
    CASE(weak_sleep_does_not_keep_the_loop_alive),
    CASE(weak_sleep_ends_while_the_loop_is_alive),
    CASE(strong_sleep_keeps_the_loop_alive),
    CASE(sleeps_continue_when_the_first_is_canceled),
    CASE(many_sleeps_can_be_canceled_in_any_order),
    CASE(all_sleeps_share_one_timer),
    CASE(close_cancels_sleeps),
    CASE(sleeps_survive_closed_handles_until_loop_close),
    CASE(sleep_after_all_handles_are_closed_is_canceled),
    CASE(sleep_can_be_canceled_after_handles_are_closed),
  };
  return RUN(tests);
}
