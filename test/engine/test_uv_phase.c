/* SPDX-License-Identifier: MIT */
/* Waiting for a phase of the loop. */
#include "harness.h"

static avow_promise_t *noted(avow_promise_t *p, char *word) {
  return avow_then(p, note_cb, NULL, word);
}

static void phases_follow_the_order_of_an_iteration(void **state) {
  avow_promise_t *after = noted(avow_after_poll(loop), "after");
  avow_promise_t *before = noted(avow_before_poll(loop), "before");
  avow_promise_t *idle = noted(avow_next_iteration(loop), "idle");

  (void) uv_run(loop, UV_RUN_NOWAIT); /* either result is fine */

  assert_notes("idle before after");
  avow_unref(after);
  avow_unref(before);
  avow_unref(idle);
  run();
}

static void waiters_for_one_phase_keep_their_order(void **state) {
  avow_promise_t *ps[] = { noted(avow_next_iteration(loop), "a"),
                           noted(avow_next_iteration(loop), "b"),
                           noted(avow_next_iteration(loop), "c") };

  avow_value_unref(avow_run(avow_all(loop, ps, 3)));

  assert_notes("a b c");
}

static avow_value_t again_cb(const avow_value_t *arg, void *data) {
  int *left = data;
  return --*left > 0 ? avow_none() : avow_int(1);
}

static avow_value_t again_fn(void *data) {
  return avow_follow(
      avow_then(avow_next_iteration(loop), again_cb, NULL, data));
}

static void count(uv_check_t *check) {
  ++*(int *) check->data;
}

/* If a handler waits again, it waits for another iteration. */
static void each_wait_takes_one_iteration(void **state) {
  int left = 10, turns = 0;
  uv_check_t check;
  check.data = &turns;
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_check_start(&check, count), 0);

  assert_fulfills_int(avow_repeat(loop, again_fn, &left), 1);

  assert_int_in_range(turns, 9, 10);
  uv_close((uv_handle_t *) &check, NULL);
  run();
}

static void loop_is_alive_only_while_a_wait_is_pending(void **state) {
  avow_promise_t *ps[] = { avow_next_iteration(loop), avow_before_poll(loop),
                           avow_after_poll(loop) };

  for (int i = 0; i < 3; i++) {
    assert_int_not_equal(uv_loop_alive(loop), 0);
    avow_cancel(ps[i]);
    assert_rejects(ps[i], UV_ECANCELED);
  }

  assert_int_equal(uv_loop_alive(loop), 0);
}

static void on_timer(uv_timer_t *timer) {
  note("timer");
}

static void after_poll_does_not_block_the_loop(void **state) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_timer, 60000, 0), 0);

  assert_fulfills_none(avow_after_poll(loop));

  assert_notes("");
  uv_close((uv_handle_t *) &timer, NULL);
  run();
}

static void one_of_several_waits_can_be_canceled(void **state) {
  avow_promise_t *a = avow_after_poll(loop), *b = avow_after_poll(loop);

  avow_cancel(a);

  assert_rejects(a, UV_ECANCELED);
  assert_fulfills_none(b);
}

static void count_handles(uv_handle_t *handle, void *data) {
  ++*(int *) data;
}

static void many_waits_use_no_more_handles_than_one(void **state) {
  avow_unref(avow_after_poll(loop));
  int one = 0, many = 0;
  uv_walk(loop, count_handles, &one);

  for (int i = 0; i < 1000; i++)
    avow_unref(avow_after_poll(loop));
  uv_walk(loop, count_handles, &many);

  assert_int_equal(many, one);
  run();
}

static void program_may_close_all_handles(void **state) {
  avow_promise_t *p = avow_next_iteration(loop);
  uv_walk(loop, close_handle, NULL);
  avow_promise_t *q = avow_next_iteration(loop);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* either result is fine */

  assert_int_equal(avow_result(q)->code, UV_ECANCELED);
  avow_cancel(p);
  avow_unref(p);
  avow_unref(q);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void close_of_type(uv_handle_t *handle, void *type) {
  if (handle->type == *(uv_handle_type *) type)
    uv_close(handle, NULL);
}

/* Starting a handle that is closing would corrupt the loop. */
static void assert_not_started(uv_handle_t *handle, void *data) {
  assert_false(uv_is_closing(handle) && uv_is_active(handle));
}

/* The handles depend on each other, so that it makes no difference which one is
   closed. */
static void program_may_close_handles_of_a_type(void **state) {
  uv_handle_type types[] = { UV_IDLE, UV_PREPARE, UV_CHECK };
  for (int i = 0; i < 3; i++) {
    avow_deferred_t *d;
    avow_unref(avow_then(avow_promise_new(loop, &d), note_cb, NULL, "job"));
    avow_promise_t *p = avow_after_poll(loop);
    uv_walk(loop, close_of_type, &types[i]);
    avow_promise_t *q = avow_before_poll(loop);
    assert_true(avow_resolve(d, avow_none()));
    uv_walk(loop, assert_not_started, NULL);

    assert_int_equal(avow_error_code(avow_result(q)), UV_ECANCELED);
    avow_unref(q);
    assert_int_equal(avow_loop_close(loop), 0);

    assert_notes("job");
    assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
    avow_unref(p);
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  }
}

static void loop_close_cancels_pending_waits(void **state) {
  avow_promise_t *p = avow_before_poll(loop);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(uv_phase) {
  const struct CMUnitTest tests[] = {
    CASE(phases_follow_the_order_of_an_iteration),
    CASE(waiters_for_one_phase_keep_their_order),
    CASE(each_wait_takes_one_iteration),
    CASE(loop_is_alive_only_while_a_wait_is_pending),
    CASE(after_poll_does_not_block_the_loop),
    CASE(one_of_several_waits_can_be_canceled),
    CASE(many_waits_use_no_more_handles_than_one),
    CASE(program_may_close_all_handles),
    CASE(loop_close_cancels_pending_waits),
    CASE(program_may_close_handles_of_a_type),
  };
  return RUN(tests);
}
