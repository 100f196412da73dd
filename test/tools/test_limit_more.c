/* SPDX-License-Identifier: MIT */
/* Limiters: permits of different weights, and operations on all waiters. */
#include "harness.h"

static avow_value_t five(void *data) {
  return avow_int(5);
}

/* Notes the word when the permits arrive. The last reference returns them. */
static avow_promise_t *ask(const avow_limiter_t *l, size_t permits,
                           char *word) {
  return avow_then(avow_limiter_acquire_many(l, permits), note_cb, NULL, word);
}

static void ask_and_release(const avow_limiter_t *l, size_t permits,
                            char *word) {
  avow_unref(ask(l, permits, word));
}

static avow_value_t take(const avow_limiter_t *l, size_t permits) {
  const avow_value_t permit = avow_limiter_try(l, permits);
  assert_int_equal(permit.tag, AVOW_OBJECT);
  return permit;
}

static void assert_taken(const avow_limiter_t *l, size_t permits) {
  assert_int_equal(avow_limiter_try(l, permits).tag, AVOW_NONE);
}

/* Checks that no caller waits and that exactly `permits` are free. */
static void assert_free(const avow_limiter_t *l, size_t permits) {
  assert_taken(l, permits + 1);
  avow_value_unref(take(l, permits));
}

static void large_request_waits_and_keeps_the_order(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 1), take(l, 2) };
  ask_and_release(l, 3, "heavy");
  ask_and_release(l, 1, "light");

  avow_value_unref(permits[1]);
  run();
  assert_notes("");
  assert_int_equal(avow_limiter_waiting(l), 2);
  assert_taken(l, 1);
  avow_value_unref(permits[0]);
  run();

  assert_notes("heavy light");
  assert_fulfills_none(avow_limiter_idle(l));
  avow_limiter_unref(l);
}

static void releasing_many_permits_serves_several_callers(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permit = take(l, 3);
  ask_and_release(l, 1, "a");
  ask_and_release(l, 1, "b");
  avow_promise_t *p = avow_limiter_acquire_many(l, 2);

  avow_value_unref(permit);
  assert_int_equal(avow_limiter_waiting(l), 1);
  run();

  assert_notes("a b");
  assert_free(l, 1);
  avow_unref(p);
  avow_limiter_unref(l);
}

static void next_request_is_granted_when_permits_suffice(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 2), take(l, 1) };
  avow_promise_t *p = avow_limiter_run(l, five, NULL);
  avow_promise_t *q = avow_limiter_acquire_many(l, 2);

  avow_value_unref(permits[0]);
  assert_int_equal(avow_state(q), AVOW_PENDING);
  assert_fulfills_int(p, 5);

  assert_int_equal(avow_state(q), AVOW_FULFILLED);
  assert_taken(l, 1);
  avow_value_unref(permits[1]);
  avow_unref(q);
  avow_limiter_unref(l);
}

static void canceled_large_request_unblocks_small_ones(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permit = take(l, 2);
  avow_promise_t *heavy = avow_limiter_acquire_many(l, 3);
  ask_and_release(l, 1, "light");

  avow_cancel(heavy);

  assert_rejects(heavy, UV_ECANCELED);
  run();
  assert_notes("light");
  avow_value_unref(permit);
  avow_limiter_unref(l);
}

static void request_above_the_limit_waits_for_a_resize(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  ask_and_release(l, 2, "two");
  run();
  assert_notes("");

  avow_limiter_resize(l, 2);

  run();
  assert_notes("two");
  avow_limiter_unref(l);
}

static void try_does_not_overtake_queued_requests(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_value_t permit = take(l, 1);
  avow_promise_t *p = avow_limiter_acquire_many(l, 2);

  assert_taken(l, 1);

  avow_value_unref(permit);
  permit = avow_run(p);
  assert_taken(l, 1);
  avow_value_unref(permit);
  permit = avow_limiter_try(l, 0);
  assert_int_equal(avow_error_code(&permit), UV_EINVAL);
  assert_string_equal(avow_error_message(&permit),
                      "limiter '0 permits': invalid argument");
  avow_value_unref(permit);
  assert_rejects(avow_limiter_acquire_many(l, 0), UV_EINVAL);
  avow_limiter_unref(l);
}

static void try_returns_the_errors_of_acquire(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  fail_allocation(1, true);
  avow_value_t v = avow_limiter_try(l, 1);
  fail_allocation(0, false);
  assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  assert_free(l, 1);

  fail_allocation(1, true);
  avow_limiter_t *refused = avow_limiter_new(loop, 1);
  fail_allocation(0, false);
  v = avow_limiter_try(refused, 1);
  assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  assert_rejects(avow_limiter_run(refused, five, NULL), UV_ENOMEM);
  assert_rejects(avow_limiter_idle(refused), UV_ENOMEM);
  assert_int_equal(avow_limiter_waiting(refused), 0);
  avow_limiter_resize(refused, 1);
  avow_limiter_bound(refused, 1);
  avow_limiter_cancel(refused);
  avow_limiter_unref(refused);

  assert_int_equal(avow_loop_close(loop), 0);
  v = avow_limiter_try(l, 1);
  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
  avow_promise_t *p = avow_limiter_idle(l);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_limiter_unref(l);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void shrinking_takes_effect_as_permits_return(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 1), take(l, 1), take(l, 1) };
  ask_and_release(l, 1, "a");

  avow_limiter_resize(l, 1);
  avow_value_unref(permits[0]);
  avow_value_unref(permits[1]);
  run();
  assert_notes("");
  avow_value_unref(permits[2]);
  run();

  assert_notes("a");
  avow_limiter_unref(l);
}

static void limiter_with_zero_permits_grants_nothing(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);

  avow_limiter_resize(l, 0);
  avow_promise_t *p = avow_limiter_run(l, note_fn, "run");
  ask_and_release(l, 1, "acquire");
  run();
  assert_notes("");
  avow_limiter_resize(l, 1);

  assert_fulfills_none(p);
  run();
  assert_notes("run acquire");
  avow_limiter_unref(l);
}

/* The limiter keeps only as many objects as could be in use at once. */
static void growing_rejects_waiters_when_out_of_memory(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  const avow_value_t permit = take(l, 1);
  avow_promise_t *ps[] = { avow_limiter_acquire(l), avow_limiter_acquire(l),
                           avow_limiter_acquire(l) };
  avow_promise_t *turn = avow_limiter_run(l, five, NULL);

  fail_allocation(2, true);
  avow_limiter_resize(l, 4);
  fail_allocation(0, false);

  assert_int_equal(avow_state(ps[0]), AVOW_FULFILLED);
  assert_rejects(ps[1], UV_ENOMEM);
  assert_rejects(ps[2], UV_ENOMEM);
  assert_fulfills_int(turn, 5);
  avow_unref(ps[0]);
  avow_value_unref(permit);
  avow_limiter_unref(l);
}

static void full_queue_rejects_further_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_bound(l, 1);
  const avow_value_t permit = take(l, 1);
  avow_promise_t *p = avow_limiter_run(l, five, NULL);

  assert_rejects(avow_limiter_run(l, five, NULL), UV_EAGAIN);
  assert_rejects(avow_limiter_acquire(l), UV_EAGAIN);
  assert_int_equal(avow_limiter_waiting(l), 1);

  avow_value_unref(permit);
  assert_fulfills_int(p, 5);
  avow_limiter_bound(l, 0);
  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static void canceling_the_queue_keeps_permits_in_use(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  const avow_value_t permit = take(l, 1);
  avow_promise_t *ps[] = { avow_limiter_acquire_many(l, 2),
                           avow_limiter_run(l, note_fn, "never"),
                           avow_limiter_acquire(l) };
  avow_promise_t *also = avow_ref(ps[1]);

  avow_limiter_cancel(l);

  for (size_t i = 0; i < 3; i++)
    assert_rejects(ps[i], UV_ECANCELED);
  avow_unref(also);
  assert_free(l, 1);
  assert_int_equal(avow_limiter_waiting(l), 0);
  avow_value_unref(permit);
  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static avow_limiter_t *held;

static void unref_held(uv_loop_t *l, const avow_promise_t *p, void *data) {
  avow_limiter_unref(held);
  held = NULL;
}

/* The program's hook may call any function. */
static void limiter_may_be_released_while_canceling_its_queue(void **state) {
  const avow_options_t options = { STEADY, .on_reject = unref_held };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  held = avow_limiter_new(loop, 1);
  avow_limiter_resize(held, 0);
  avow_promise_t *p = avow_limiter_acquire(held);

  avow_limiter_cancel(held);

  assert_null(held);
  assert_rejects(p, UV_ECANCELED);
}

static void idle_fulfills_when_no_call_runs_or_waits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  assert_fulfills_none(avow_limiter_idle(l));
  const avow_value_t permits[] = { take(l, 1), take(l, 1) };
  avow_promise_t *next = avow_limiter_acquire(l);
  avow_promise_t *p = avow_limiter_idle(l);
  avow_promise_t *q = avow_limiter_idle(l);
  avow_promise_t *left = avow_limiter_idle(l);
  avow_cancel(left);

  avow_value_unref(permits[0]);
  avow_value_unref(permits[1]);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_unref(next);

  assert_rejects(left, UV_ECANCELED);
  assert_fulfills_none(p);
  assert_fulfills_none(q);
  avow_limiter_unref(l);
}

static void idle_fulfills_when_the_last_waiter_leaves(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_resize(l, 0);
  avow_promise_t *p = avow_limiter_acquire(l);
  avow_promise_t *idle = avow_limiter_idle(l);

  avow_limiter_cancel(l);

  assert_fulfills_none(idle);
  assert_rejects(p, UV_ECANCELED);
  avow_limiter_unref(l);
}

SUITE(limit_more) {
  const struct CMUnitTest tests[] = {
    CASE(large_request_waits_and_keeps_the_order),
    CASE(releasing_many_permits_serves_several_callers),
    CASE(next_request_is_granted_when_permits_suffice),
    CASE(canceled_large_request_unblocks_small_ones),
    CASE(request_above_the_limit_waits_for_a_resize),
    CASE(try_does_not_overtake_queued_requests),
    CASE(try_returns_the_errors_of_acquire),
    CASE(shrinking_takes_effect_as_permits_return),
    CASE(limiter_with_zero_permits_grants_nothing),
    CASE(growing_rejects_waiters_when_out_of_memory),
    CASE(full_queue_rejects_further_calls),
    CASE(canceling_the_queue_keeps_permits_in_use),
    CASE(limiter_may_be_released_while_canceling_its_queue),
    CASE(idle_fulfills_when_no_call_runs_or_waits),
    CASE(idle_fulfills_when_the_last_waiter_leaves),
  };
  return RUN(tests);
}
