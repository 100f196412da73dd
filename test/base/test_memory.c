/* SPDX-License-Identifier: MIT */
/*
 * Memory that remains after much work: in a lasting promise, in a long loop,
 * and after a crowd of waiters.
 */
#include "harness.h"
#include "watched.h"

enum {
  MANY = WATCHED ? 20000 : 60000,
  CROWD = WATCHED ? 20000 : 40000,
  BATCH = 1000
};

/* Memory that remains after a batch of work. */
typedef struct {
  uint64_t promises;
  long allocations;
} footprint_t;

static footprint_t footprint(void) {
  avow_stats_t stats;
  run();
  avow_loop_stats(loop, &stats, sizeof(stats));
  return (footprint_t){ stats.live, live_allocations() };
}

/* Runs many batches. The first must need the most memory. */
static void assert_constant_memory(void (*once)(avow_promise_t *),
                                   avow_promise_t *lasting) {
  footprint_t first = { 0, 0 };
  for (int i = 1; i <= MANY; i++) {
    once(lasting);
    if (i % BATCH != 0)
      continue;
    const footprint_t now = footprint();
    first = i == BATCH ? now : first;
    assert_int_equal(now.promises, first.promises);
    assert_int_equal(now.allocations, first.allocations);
  }
}

/* Runs batches that attach to a promise which stays pending. */
static void assert_constant_memory_on_pending(void (*once)(avow_promise_t *)) {
  avow_deferred_t *d;
  avow_promise_t *lasting = avow_promise_new(loop, &d);

  assert_constant_memory(once, lasting);

  avow_unref(lasting);
  (void) avow_resolve(d, avow_none()); /* pending until now */
}

static avow_promise_t *quick(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

static avow_value_t swallow_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static void release_silently(avow_promise_t *p) {
  avow_unref(avow_catch(p, swallow_cb, NULL));
}

static void race_once(avow_promise_t *lasting) {
  avow_promise_t *ps[] = { avow_ref(lasting), quick() };
  release_silently(avow_race(loop, ps, 2));
}

static void any_once(avow_promise_t *lasting) {
  avow_promise_t *ps[] = { avow_ref(lasting), quick() };
  release_silently(avow_any(loop, ps, 2));
}

static void fail_all_once(avow_promise_t *lasting) {
  avow_promise_t *ps[] = { avow_ref(lasting),
                           avow_promise_reject(loop, avow_error(UV_EIO)) };
  release_silently(avow_all(loop, ps, 2));
}

static void finish_before_stop_once(avow_promise_t *lasting) {
  release_silently(avow_until(quick(), lasting));
}

static void stop_once(avow_promise_t *lasting) {
  avow_promise_t *stop = quick();
  release_silently(avow_until(avow_ref(lasting), stop));
  avow_unref(stop);
}

static void finish_in_time_once(avow_promise_t *lasting) {
  release_silently(avow_timeout(quick(), 3600 * 1000));
}

static void time_out_once(avow_promise_t *lasting) {
  release_silently(avow_timeout(avow_ref(lasting), 0));
}

static void cancel_once(avow_promise_t *lasting) {
  avow_promise_t *p = avow_then(avow_ref(lasting), swallow_cb, NULL, NULL);
  avow_cancel(p);
  avow_unref(p);
}

static void combinators_leave_no_memory_on_a_pending_input(void **state) {
  assert_constant_memory_on_pending(race_once);
  assert_constant_memory_on_pending(any_once);
  assert_constant_memory_on_pending(fail_all_once);
}

static void until_leaves_no_memory_on_a_pending_promise(void **state) {
  assert_constant_memory_on_pending(finish_before_stop_once);
  assert_constant_memory_on_pending(stop_once);
}

static void timeouts_leave_no_memory_on_a_pending_promise(void **state) {
  assert_constant_memory_on_pending(finish_in_time_once);
  assert_constant_memory_on_pending(time_out_once);
}

static void cancellation_leaves_no_memory_on_a_pending_source(void **state) {
  assert_constant_memory_on_pending(cancel_once);
}

enum { A_FEW = 16 }; /* blocks, or slabs of them */

static int64_t left;
static long most;

static void begin_countdown(void) {
  left = MANY;
  most = 0;
}

/* Records the largest allocation. Returns false at the end. */
static bool count_down(void) {
  most = live_allocations() > most ? live_allocations() : most;
  return --left > 0;
}

static avow_promise_t *next(void);

static avow_value_t next_cb(const avow_value_t *arg, void *data) {
  return count_down() ? avow_follow(next()) : avow_int(7);
}

static avow_promise_t *next(void) {
  return avow_then(quick(), next_cb, NULL, NULL);
}

static void recursive_adoption_uses_constant_memory(void **state) {
  const long before = live_allocations();
  begin_countdown();

  assert_fulfills_int(next(), 7);

  assert_int_equal(left, 0);
  assert_int_in_range(most, before, before + A_FEW);
}

static avow_value_t step_fn(void *data) {
  return count_down() ? avow_none() : avow_int(7);
}

static avow_value_t nothing_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static avow_value_t waiting_step_fn(void *data) {
  if (!count_down())
    return avow_int(7);
  return avow_follow(avow_then(quick(), nothing_cb, NULL, NULL));
}

static void long_repeat_uses_constant_memory(void **state) {
  const long before = live_allocations();
  begin_countdown();

  assert_fulfills_int(avow_repeat(loop, step_fn, NULL), 7);

  assert_int_equal(left, 0);
  assert_int_in_range(most, before, before + A_FEW);
}

static void long_waiting_repeat_uses_constant_memory(void **state) {
  const long before = live_allocations();
  begin_countdown();

  assert_fulfills_int(avow_repeat(loop, waiting_step_fn, NULL), 7);

  assert_int_equal(left, 0);
  assert_int_in_range(most, before, before + A_FEW);
}

/* Steps through a crowd in an order that is neither first nor last. */
static int scattered(int i) {
  return (int) ((int64_t) i * 7919 % CROWD);
}

static int forwards(int i) {
  return i;
}

static int backwards(int i) {
  return CROWD - 1 - i;
}

static void cancel_waiters_in(int (*order)(int)) {
  avow_promise_t **waiters = malloc(CROWD * sizeof(*waiters));
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  for (int i = 0; i < CROWD; i++)
    waiters[i] = avow_then(avow_ref(shared), swallow_cb, NULL, NULL);

  for (int i = 0; i < CROWD; i++)
    avow_cancel(waiters[order(i)]);

  for (int i = 0; i < CROWD; i++)
    avow_unref(waiters[i]);
  assert_int_equal(footprint().promises, 1);
  avow_unref(shared);
  (void) avow_resolve(d, avow_none()); /* pending until now */
  free(waiters);
}

/* If each cancellation took time in proportion to the crowd, no test here would
   end before the deadline of the group. */
static void waiters_are_canceled_in_any_order_in_constant_time(void **state) {
  cancel_waiters_in(forwards);
  cancel_waiters_in(backwards);
  cancel_waiters_in(scattered);
}

static void cancel_sleeps_in(int (*order)(int)) {
  avow_promise_t **sleepers = malloc(CROWD * sizeof(*sleepers));
  for (int i = 0; i < CROWD; i++)
    sleepers[i] = avow_sleep(loop, 3600 * 1000);

  for (int i = 0; i < CROWD; i++)
    avow_cancel(sleepers[order(i)]);

  for (int i = 0; i < CROWD; i++)
    avow_unref(sleepers[i]);
  assert_int_equal(footprint().promises, 0);
  free(sleepers);
}

static void sleeps_are_canceled_in_any_order_in_constant_time(void **state) {
  cancel_sleeps_in(forwards);
  cancel_sleeps_in(backwards);
  cancel_sleeps_in(scattered);
}

static void settle_races_in(int (*order)(int)) {
  avow_deferred_t **winners = malloc(CROWD * sizeof(*winners));
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  for (int i = 0; i < CROWD; i++) {
    avow_promise_t *ps[] = { avow_ref(shared),
                             avow_promise_new(loop, &winners[i]) };
    avow_unref(avow_race(loop, ps, 2));
  }

  for (int i = 0; i < CROWD; i++)
    (void) avow_resolve(winners[order(i)], avow_none()); /* each once */

  assert_int_equal(footprint().promises, 1);
  avow_unref(shared);
  (void) avow_resolve(d, avow_none()); /* pending until now */
  free(winners);
}

static void races_detach_in_any_order_in_constant_time(void **state) {
  settle_races_in(forwards);
  settle_races_in(backwards);
  settle_races_in(scattered);
}

SUITE(memory) {
  const struct CMUnitTest tests[] = {
    CASE(combinators_leave_no_memory_on_a_pending_input),
    CASE(until_leaves_no_memory_on_a_pending_promise),
    CASE(timeouts_leave_no_memory_on_a_pending_promise),
    CASE(cancellation_leaves_no_memory_on_a_pending_source),
    CASE(recursive_adoption_uses_constant_memory),
    CASE(long_repeat_uses_constant_memory),
    CASE(long_waiting_repeat_uses_constant_memory),
    CASE(waiters_are_canceled_in_any_order_in_constant_time),
    CASE(sleeps_are_canceled_in_any_order_in_constant_time),
    CASE(races_detach_in_any_order_in_constant_time),
  };
  return RUN(tests);
}
