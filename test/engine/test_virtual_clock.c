/* SPDX-License-Identifier: MIT */
/* Virtual clocks of loops. */
#include "clocks.h"

/* Clocks of both kinds. */

static void clock_starts_at_zero(void **state) {
  assert_true(avow_now(loop) == 0);
}

static void clock_does_not_follow_real_time(void **state) {
  uv_sleep(3);
  uv_update_time(loop);

  assert_true(avow_now(loop) == 0);
}

static void advance_moves_the_clock(void **state) {
  advance(HOUR);

  assert_true(avow_now(loop) == HOUR);
  advance(0);
  assert_true(avow_now(loop) == HOUR);
}

static void sleeps_end_at_their_deadlines_in_order(void **state) {
  note_sleep(3 * SECOND, "c");
  note_sleep(SECOND, "a");
  note_sleep(MINUTE, "d");
  note_sleep(SECOND, "b");

  advance(MINUTE);

  assert_notes("a@1000 b@1000 c@3000 d@60000");
}

static void weak_sleep_ends_at_its_deadline(void **state) {
  note_time_of(avow_sleep_weak(loop, SECOND), "weak");
  note_sleep(2 * SECOND, "strong");

  advance(2 * SECOND);

  assert_notes("weak@1000 strong@2000");
}

static void weak_sleep_does_not_move_the_clock(void **state) {
  avow_promise_t *p = avow_sleep_weak(loop, SECOND);

  run();

  assert_true(avow_now(loop) == 0);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
}

static avow_value_t then_sleep(const avow_value_t *arg, void *word) {
  note_sleep(SECOND, word);
  return avow_none();
}

static void handlers_of_a_sleep_run_before_the_next_sleep_ends(void **state) {
  avow_unref(avow_then(avow_sleep(loop, SECOND), then_sleep, NULL, "inner"));
  note_sleep(SECOND, "same");
  note_sleep(2 * SECOND, "outer");
  note_sleep(2 * SECOND + 1, "after");

  advance(HOUR);

  assert_notes("same@1000 outer@2000 inner@2000 after@2001");
}

static avow_value_t sleep_again(void *data) {
  return ++*(int *) data > 10 ? avow_int(0)
                              : avow_follow(avow_sleep(loop, SECOND));
}

static void advance_ends_after_sleeps_due_at_its_end(void **state) {
  int times = 0;
  note_time_of(avow_repeat(loop, sleep_again, &times), "repeat");
  note_time_of(avow_clock_advance(loop, 10 * SECOND), "advance");

  run();

  assert_notes("repeat@10000 advance@10000");
}

static void advances_start_where_earlier_ones_end(void **state) {
  note_time_of(avow_clock_advance(loop, SECOND), "a");
  note_time_of(avow_clock_advance(loop, 0), "b");
  note_time_of(avow_clock_advance(loop, SECOND), "c");

  run();

  assert_notes("a@1000 b@1000 c@2000");
}

static avow_value_t advance_cb(const avow_value_t *arg, void *data) {
  note("in");
  avow_promise_t *p = avow_clock_advance(loop, HOUR);
  note("out");
  return avow_follow(p);
}

static void no_handler_runs_inside_the_advance_call(void **state) {
  note_sleep(MINUTE, "sleep");
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  note_time_of(avow_then(p, advance_cb, NULL, NULL), "advanced");

  run();

  assert_notes("in out sleep@60000 advanced@3600000");
}

static avow_value_t advance_at_once(void *data) {
  return ++*(int *) data > 1000 ? avow_int(0)
                                : avow_follow(avow_clock_advance(loop, 0));
}

/* libuv before 1.48 stays in the timer phase while timers are due. */
static void repeated_advances_let_the_loop_iterate(void **state) {
  int times = 0;
  avow_promise_t *p = avow_repeat(loop, advance_at_once, &times);
  avow_promise_t *turned = avow_next_iteration(loop);

  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);

  assert_int_equal(avow_state(turned), AVOW_FULFILLED);
  assert_true(times < 1000);
  avow_unref(turned);
  assert_fulfills_int(p, 0);
}

static void canceled_advance_does_not_move_the_clock(void **state) {
  avow_promise_t *first = avow_clock_advance(loop, SECOND);
  avow_promise_t *second = avow_clock_advance(loop, HOUR);

  avow_cancel(second);

  assert_rejects(second, UV_ECANCELED);
  assert_fulfills_none(first);
  assert_true(avow_now(loop) == SECOND);
}

static void timeouts_come_after_sleeps_due_at_the_same_time(void **state) {
  avow_promise_t *p = avow_timeout(avow_sleep(loop, SECOND), SECOND);
  note_time_of(p, "sleep");
  avow_deferred_t *d;
  note_time_of(avow_timeout(avow_promise_new(loop, &d), SECOND), "timeout");

  advance(SECOND);

  assert_notes("sleep@1000 timeout@1000");
  avow_deferred_drop(d);
}

static void deadlines_use_the_virtual_time(void **state) {
  advance(HOUR);
  avow_deferred_t *d[3];
  note_time_of(avow_deadline(avow_promise_new(loop, &d[0]), 2 * HOUR), "b");
  note_time_of(avow_deadline(avow_promise_new(loop, &d[1]), HOUR + 1), "a");
  note_time_of(avow_deadline(avow_promise_new(loop, &d[2]), HOUR), "at once");

  advance(HOUR);

  assert_notes("at once@3600000 a@3600001 b@7200000");
  for (int i = 0; i < 3; i++)
    avow_deferred_drop(d[i]);
}

static void advance_beyond_the_maximum_is_refused(void **state) {
  const uint64_t latest = (UINT64_C(1) << 48) - 1;
  assert_rejects(avow_clock_advance(loop, UINT64_MAX), UV_EINVAL);
  assert_rejects(avow_clock_advance(loop, latest), UV_EINVAL);
  advance(latest - 10);

  assert_rejects(avow_clock_advance(loop, 10), UV_EINVAL);
  advance(9);
  assert_rejects(avow_clock_advance(loop, 1), UV_EINVAL);
  advance(0);
}

static void advance_rejects_when_out_of_memory(void **state) {
  fail_allocation(1, true);
  avow_promise_t *p = avow_clock_advance(loop, SECOND);
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  advance(SECOND);
  assert_true(avow_now(loop) == SECOND);
}

/* Clocks that the program advances. */

/* Allows one task in each iteration. */
static void take_a_small_budget(void) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_HAND,
                                   .budget = 1 };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static void budget_does_not_delay_sleeps_of_a_manual_clock(void **state) {
  take_a_small_budget();
  note_sleep(2, "later");
  for (int i = 0; i < 4; i++)
    note_sleep(1, "sleep");

  advance(10);

  assert_notes("sleep@1 sleep@1 sleep@1 sleep@1 later@2");
}

static void remotes_left_by_a_budget_precede_the_advance(void **state) {
  avow_remote_t *remotes[5];
  take_a_small_budget();
  for (int i = 0; i < 5; i++) {
    note_time_of(avow_remote_new(loop, &remotes[i]), "remote");
    assert_int_equal(avow_remote_resolve(remotes[i], avow_none()), 0);
  }
  note_sleep(1, "sleep");

  advance(1);

  assert_notes("remote@0 remote@0 remote@0 remote@0 remote@0 sleep@1");
}

static void manual_clock_does_not_keep_the_loop_alive(void **state) {
  note_sleep(1, "sleep");

  run();

  assert_notes("");
  assert_rejects(avow_sleep(loop, 1), AVOW_EIDLE);
}

static avow_value_t none_fn(void *data) {
  uv_sleep(20);
  return avow_none();
}

static avow_value_t wait_fn(void *semaphore) {
  uv_sem_wait(semaphore);
  return avow_none();
}

static void pending_work_does_not_hold_a_manual_clock(void **state) {
  uv_sem_t over;
  assert_int_equal(uv_sem_init(&over, 0), 0);
  avow_promise_t *work = avow_work(loop, wait_fn, &over, NULL);
  avow_promise_t *p = avow_timeout(work, HOUR);

  advance(HOUR);
  uv_sem_post(&over);

  assert_rejects(p, UV_ETIMEDOUT);
  run();
  uv_sem_destroy(&over);
}

/* Clocks that advance by themselves. */

static void automatic_clock_moves_to_the_next_deadline(void **state) {
  note_sleep(HOUR, "b");
  note_sleep(SECOND, "a");

  run();

  assert_notes("a@1000 b@3600000");
  assert_true(avow_now(loop) == HOUR);
}

static avow_value_t time_cb(const avow_value_t *arg, void *data) {
  return avow_int((int64_t) avow_now(loop));
}

static void automatic_clock_waits_for_the_thread_pool(void **state) {
  note_sleep(1, "sleep");
  avow_promise_t *work = avow_work(loop, none_fn, NULL, NULL);

  assert_fulfills_int(avow_then(work, time_cb, NULL, NULL), 0);

  run();
  assert_notes("sleep@1");
}

static void cancel_it(uv_check_t *check) {
  avow_cancel(check->data);
  close_handle((uv_handle_t *) check, NULL);
}

/* The sleep is canceled in the poll after which the clock would have
   advanced. */
static void automatic_clock_stops_when_no_sleep_is_pending(void **state) {
  avow_promise_t *p = avow_sleep(loop, HOUR);
  uv_check_t check = { .data = p };
  (void) uv_check_init(loop, &check);
  (void) uv_check_start(&check, cancel_it);

  run();

  assert_rejects(p, UV_ECANCELED);
  assert_true(avow_now(loop) == 0);
}

static void on_timer(uv_timer_t *timer) {
  note("timer");
  close_handle((uv_handle_t *) timer, NULL);
}

static void automatic_clock_waits_for_program_timers(void **state) {
  uv_timer_t timer;
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, on_timer, 10, 0);
  note_sleep(1, "sleep");

  run();

  assert_notes("timer sleep@1");
}

/* Misuse. */

static void advance_the_real_clock(void) {
  assert_rejects(avow_clock_advance(loop, 1), AVOW_EMISUSE);
}

static void advancing_a_real_clock_is_reported(void **state) {
  assert_misuse(advance_the_real_clock,
                "avow_clock_advance(): loop has a real clock");
}

#ifndef NDEBUG
static void advance_loop_in_thread(void *data) {
  avow_unref(avow_clock_advance(loop, 1));
}

/* Runs in the middle of an iteration. */
static avow_value_t ask_another_thread(const avow_value_t *arg, void *data) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, advance_loop_in_thread, NULL), 0);
  (void) uv_thread_join(&thread);
  return avow_none();
}

static void advance_on_another_thread(void) {
  assert_fulfills_none(
      avow_then(avow_next_iteration(loop), ask_another_thread, NULL, NULL));
}

static void advance_on_another_thread_is_reported(void **state) {
  assert_misuse(advance_on_another_thread,
                "called on a thread other than the loop's");
}
#endif

static void unknown_clocks_are_refused(void **state) {
  const avow_options_t options = { .clock = (avow_clock_t) 3 };
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);

  assert_int_equal(avow_loop_init(&other, &options), UV_EINVAL);

  assert_int_equal(uv_loop_close(&other), 0);
}

static void init_fails_when_out_of_memory(void **state) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_HAND };
  uv_loop_t other;
  int err = UV_ENOMEM;
  assert_int_equal(uv_loop_init(&other), 0);
  for (long n = 1; err == UV_ENOMEM; n++) {
    fail_allocation(n, false);
    err = avow_loop_init(&other, &options);
    fail_allocation(0, false);
  }

  assert_int_equal(err, 0);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

SUITE(virtual_clock) {
  const struct CMUnitTest tests[] = {
    BOTH(clock_starts_at_zero),
    BOTH(clock_does_not_follow_real_time),
    BOTH(advance_moves_the_clock),
    BOTH(sleeps_end_at_their_deadlines_in_order),
    BOTH(weak_sleep_ends_at_its_deadline),
    BOTH(weak_sleep_does_not_move_the_clock),
    BOTH(handlers_of_a_sleep_run_before_the_next_sleep_ends),
    BOTH(advance_ends_after_sleeps_due_at_its_end),
    BOTH(advances_start_where_earlier_ones_end),
    BOTH(no_handler_runs_inside_the_advance_call),
    BOTH(repeated_advances_let_the_loop_iterate),
    BOTH(canceled_advance_does_not_move_the_clock),
    BOTH(timeouts_come_after_sleeps_due_at_the_same_time),
    BOTH(deadlines_use_the_virtual_time),
    BOTH(advance_beyond_the_maximum_is_refused),
    BOTH(advance_rejects_when_out_of_memory),
    BY_HAND(manual_clock_does_not_keep_the_loop_alive),
    BY_HAND(pending_work_does_not_hold_a_manual_clock),
    BY_HAND(budget_does_not_delay_sleeps_of_a_manual_clock),
    BY_HAND(remotes_left_by_a_budget_precede_the_advance),
    BY_ITSELF(automatic_clock_stops_when_no_sleep_is_pending),
    BY_ITSELF(automatic_clock_moves_to_the_next_deadline),
    BY_ITSELF(automatic_clock_waits_for_the_thread_pool),
    BY_ITSELF(automatic_clock_waits_for_program_timers),
    CASE(advancing_a_real_clock_is_reported),
#ifndef NDEBUG
    BOTH(advance_on_another_thread_is_reported),
#endif
    CASE(unknown_clocks_are_refused),
    CASE(init_fails_when_out_of_memory),
  };
  return RUN(tests);
}
