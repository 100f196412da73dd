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

static void ask_in_vain(const avow_limiter_t *l, size_t permits, char *word) {
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

static void heavy_one_waits_for_as_many_and_keeps_the_order(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 1), take(l, 2) };
  ask_in_vain(l, 3, "heavy");
  ask_in_vain(l, 1, "light");

  avow_value_unref(permits[1]);
  run();
  assert_notes("");
  assert_int_equal(avow_limiter_waiting(l), 2);
  assert_taken(l, 1);
  avow_value_unref(permits[0]);
  run();

  assert_notes("heavy light");
  assert_fulfils_none(avow_limiter_idle(l));
  avow_limiter_unref(l);
}

static void heavy_one_makes_room_for_several(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permit = take(l, 3);
  ask_in_vain(l, 1, "a");
  ask_in_vain(l, 1, "b");
  avow_promise_t *p = avow_limiter_acquire_many(l, 2);

  avow_value_unref(permit);
  assert_int_equal(avow_limiter_waiting(l), 1);
  run();

  assert_notes("a b");
  assert_free(l, 1);
  avow_unref(p);
  avow_limiter_unref(l);
}

static void light_one_follows_on_a_light_one(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 2), take(l, 1) };
  avow_promise_t *p = avow_limiter_run(l, five, NULL);
  avow_promise_t *q = avow_limiter_acquire_many(l, 2);

  avow_value_unref(permits[0]);
  assert_int_equal(avow_state(q), AVOW_PENDING);
  assert_fulfils_int(p, 5);

  assert_int_equal(avow_state(q), AVOW_FULFILLED);
  assert_taken(l, 1);
  avow_value_unref(permits[1]);
  avow_unref(q);
  avow_limiter_unref(l);
}

static void heavy_one_that_leaves_lets_light_ones_pass(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permit = take(l, 2);
  avow_promise_t *heavy = avow_limiter_acquire_many(l, 3);
  ask_in_vain(l, 1, "light");

  avow_cancel(heavy);

  assert_rejects(heavy, UV_ECANCELED);
  run();
  assert_notes("light");
  avow_value_unref(permit);
  avow_limiter_unref(l);
}

static void more_than_there_are_waits_until_there_are(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  ask_in_vain(l, 2, "two");
  run();
  assert_notes("");

  avow_limiter_resize(l, 2);

  run();
  assert_notes("two");
  avow_limiter_unref(l);
}

static void try_takes_no_turn_from_others(void **state) {
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

static void try_fails_as_acquiring_does(void **state) {
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
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void fewer_permits_come_back_one_by_one(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  const avow_value_t permits[] = { take(l, 1), take(l, 1), take(l, 1) };
  ask_in_vain(l, 1, "a");

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

static void limiter_of_none_stands_still(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);

  avow_limiter_resize(l, 0);
  avow_promise_t *p = avow_limiter_run(l, note_fn, "run");
  ask_in_vain(l, 1, "acquire");
  run();
  assert_notes("");
  avow_limiter_resize(l, 1);

  assert_fulfils_none(p);
  run();
  assert_notes("run acquire");
  avow_limiter_unref(l);
}

/* The limiter keeps only as many objects as could be in use at once. */
static void more_permits_need_more_objects(void **state) {
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
  assert_fulfils_int(turn, 5);
  avow_unref(ps[0]);
  avow_value_unref(permit);
  avow_limiter_unref(l);
}

static void who_is_one_too_many_is_rejected(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_bound(l, 1);
  const avow_value_t permit = take(l, 1);
  avow_promise_t *p = avow_limiter_run(l, five, NULL);

  assert_rejects(avow_limiter_run(l, five, NULL), UV_EAGAIN);
  assert_rejects(avow_limiter_acquire(l), UV_EAGAIN);
  assert_int_equal(avow_limiter_waiting(l), 1);

  avow_value_unref(permit);
  assert_fulfils_int(p, 5);
  avow_limiter_bound(l, 0);
  assert_fulfils_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static void cancelling_all_leaves_those_at_work(void **state) {
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
  assert_fulfils_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static avow_limiter_t *held;

static void let_go(uv_loop_t *l, const avow_promise_t *p, void *data) {
  avow_limiter_unref(held);
  held = NULL;
}

/* The program's hook may call any function. */
static void limiter_may_go_while_all_are_cancelled(void **state) {
  const avow_options_t options = { .budget_us = UINT_MAX, .on_reject = let_go };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  held = avow_limiter_new(loop, 1);
  avow_limiter_resize(held, 0);
  avow_promise_t *p = avow_limiter_acquire(held);

  avow_limiter_cancel(held);

  assert_null(held);
  assert_rejects(p, UV_ECANCELED);
}

static void idle_is_when_nobody_works_or_waits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  assert_fulfils_none(avow_limiter_idle(l));
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
  assert_fulfils_none(p);
  assert_fulfils_none(q);
  avow_limiter_unref(l);
}

static void idle_is_when_the_last_who_waits_leaves(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_resize(l, 0);
  avow_promise_t *p = avow_limiter_acquire(l);
  avow_promise_t *idle = avow_limiter_idle(l);

  avow_limiter_cancel(l);

  assert_fulfils_none(idle);
  assert_rejects(p, UV_ECANCELED);
  avow_limiter_unref(l);
}

SUITE(limit_more) {
  const struct CMUnitTest tests[] = {
    CASE(heavy_one_waits_for_as_many_and_keeps_the_order),
    CASE(heavy_one_makes_room_for_several),
    CASE(light_one_follows_on_a_light_one),
    CASE(heavy_one_that_leaves_lets_light_ones_pass),
    CASE(more_than_there_are_waits_until_there_are),
    CASE(try_takes_no_turn_from_others),
    CASE(try_fails_as_acquiring_does),
    CASE(fewer_permits_come_back_one_by_one),
    CASE(limiter_of_none_stands_still),
    CASE(more_permits_need_more_objects),
    CASE(who_is_one_too_many_is_rejected),
    CASE(cancelling_all_leaves_those_at_work),
    CASE(limiter_may_go_while_all_are_cancelled),
    CASE(idle_is_when_nobody_works_or_waits),
    CASE(idle_is_when_the_last_who_waits_leaves),
  };
  return RUN(tests);
}
