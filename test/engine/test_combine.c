/* SPDX-License-Identifier: MIT */
/*
 * Combinators. The numbers in comments are those of the rules in
 * docs/semantics.md.
 */
#include "harness.h"

enum { N = 3 };

/* Three pending inputs and their deferreds. */
static avow_promise_t *inputs[N];
static avow_deferred_t *deferreds[N];

static void make_inputs(void) {
  for (int i = 0; i < N; i++)
    inputs[i] = avow_promise_new(loop, &deferreds[i]);
}

static void resolve_input(int i, int64_t value) {
  assert_true(avow_resolve(deferreds[i], avow_int(value)));
}

static void reject_input(int i, int code) {
  assert_true(avow_reject(deferreds[i], avow_error(code)));
}

static avow_promise_t *resolved(int64_t i) {
  return avow_promise_resolve(loop, avow_int(i));
}

static uint64_t live(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  return stats.live;
}

/* 17 */
static void all_keeps_the_order_of_inputs(void **state) {
  make_inputs();
  avow_promise_t *p = avow_all(loop, inputs, N);

  resolve_input(2, 30);
  resolve_input(0, 10);
  resolve_input(1, 20);

  assert_outcome(p, "is=[10 20 30]");
}

/* 17 */
static void all_waits_for_the_last_input(void **state) {
  make_inputs();
  avow_promise_t *p = avow_all(loop, inputs, N);
  resolve_input(0, 1);
  resolve_input(1, 2);
  run();

  assert_int_equal(avow_state(p), AVOW_PENDING);

  resolve_input(2, 3);
  assert_outcome(p, "is=[1 2 3]");
}

static void inputs_stay_valid_for_other_holders(void **state) {
  make_inputs();
  avow_promise_t *held = avow_ref(inputs[0]);
  avow_promise_t *p = avow_all(loop, inputs, N);

  for (int i = 0; i < N; i++)
    resolve_input(i, i);

  assert_outcome(p, "is=[0 1 2]");
  assert_outcome(held, "is=0");
}

/* Uses more inputs than a slab has blocks. */
static void all_of_many_inputs_frees_their_memory(void **state) {
  enum { MANY = 1000 };
  avow_promise_t *many[MANY];
  avow_deferred_t *ds[MANY];
  const uint64_t before = live();
  for (int i = 0; i < MANY; i++)
    many[i] = avow_promise_new(loop, &ds[i]);
  avow_promise_t *p = avow_all(loop, many, MANY);

  for (int i = 0; i < MANY; i++)
    assert_true(avow_resolve(ds[i], avow_int(i)));
  const avow_value_t list = avow_run(p);

  assert_int_equal(avow_list_len(&list), MANY);
  for (size_t i = 0; i < MANY; i++)
    assert_int_equal(avow_to_int(avow_list_at(&list, i)), i);
  assert_int_equal(live(), before);
  avow_value_unref(list);
}

/* 17 */
static void all_rejects_with_the_first_rejection(void **state) {
  make_inputs();
  avow_promise_t *p = avow_all(loop, inputs, N);

  resolve_input(0, 1);
  reject_input(2, UV_EIO);
  run();
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  reject_input(1, UV_EPERM);

  assert_outcome(p, "is=EIO");
}

/* 17, 18: the promise settles inside the call */
static void empty_all_and_all_settled_resolve_at_once(void **state) {
  avow_promise_t *p = avow_all(loop, NULL, 0);
  avow_promise_t *q = avow_all_settled(loop, NULL, 0);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_int_equal(avow_state(q), AVOW_FULFILLED);
  assert_outcome(p, "is=[]");
  assert_outcome(q, "is=[]");
}

/* 18 */
static void all_settled_lists_each_outcome_in_order(void **state) {
  make_inputs();
  avow_promise_t *p = avow_all_settled(loop, inputs, N);
  reject_input(1, UV_EIO);
  resolve_input(2, 3);
  resolve_input(0, 1);

  const avow_value_t list = avow_run(p);

  assert_int_equal(avow_list_len(&list), 3);
  assert_int_equal(avow_outcome_at(&list, 0).status, AVOW_FULFILLED);
  assert_int_equal(avow_to_int(avow_outcome_at(&list, 0).value), 1);
  assert_int_equal(avow_outcome_at(&list, 1).index, 1);
  assert_int_equal(avow_outcome_at(&list, 1).status, AVOW_REJECTED);
  assert_int_equal(avow_outcome_at(&list, 1).reason->code, UV_EIO);
  assert_int_equal(avow_to_int(avow_outcome_at(&list, 2).value), 3);
  avow_value_unref(list);
}

/* 19 */
static void any_fulfills_with_the_first_value(void **state) {
  make_inputs();
  avow_promise_t *p = avow_any(loop, inputs, N);

  reject_input(0, UV_EIO);
  resolve_input(2, 3);
  run();
  resolve_input(1, 2);

  assert_outcome(p, "is=3");
}

/* 19 */
static void any_collects_every_reason_in_order(void **state) {
  make_inputs();
  avow_promise_t *p = avow_any(loop, inputs, N);
  reject_input(2, UV_EPERM);
  reject_input(0, UV_EIO);
  reject_input(1, UV_ENOSPC);

  const avow_value_t error = avow_run(p);

  assert_int_equal(avow_error_code(&error), AVOW_EAGGREGATE);
  const avow_value_t *list = avow_error_cause(&error);
  assert_int_equal(avow_list_len(list), 3);
  assert_int_equal(avow_list_at(list, 0)->code, UV_EIO);
  assert_int_equal(avow_list_at(list, 1)->code, UV_ENOSPC);
  assert_int_equal(avow_list_at(list, 2)->code, UV_EPERM);
  avow_value_unref(error);
}

/* 19 */
static void empty_any_rejects_at_once_with_an_empty_list(void **state) {
  avow_promise_t *p = avow_any(loop, NULL, 0);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  const avow_value_t *error = avow_result(p);
  assert_int_equal(error->code, AVOW_EAGGREGATE);
  assert_int_equal(avow_list_len(avow_error_cause(error)), 0);
  avow_unref(p);
}

/* 20 */
static void race_settles_as_the_first_input(void **state) {
  make_inputs();
  avow_promise_t *p = avow_race(loop, inputs, N);
  reject_input(1, UV_EIO);
  run();
  resolve_input(0, 1);
  resolve_input(2, 1);
  assert_outcome(p, "is=EIO");

  make_inputs();
  p = avow_race(loop, inputs, N);
  resolve_input(2, 3);
  run();
  reject_input(0, UV_EIO);
  reject_input(1, UV_EIO);
  assert_outcome(p, "is=3");
}

/* 20 */
static void race_without_inputs_never_settles(void **state) {
  avow_promise_t *p = avow_race(loop, NULL, 0);

  const avow_value_t idle = avow_run(avow_ref(p));

  assert_int_equal(avow_error_code(&idle), AVOW_EIDLE);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
}

/* 15: each input is subscribed to before the next one is touched, so that
   reactions of earlier and later inputs keep their order */
static void inputs_are_subscribed_to_in_order(void **state) {
  avow_promise_t *shared = resolved(1);
  avow_promise_t *const ps[] = { avow_ref(shared), avow_ref(shared) };
  avow_unref(avow_then(avow_ref(shared), note_cb, NULL, "before"));
  avow_promise_t *p = avow_then(avow_race(loop, ps, 2), note_cb, NULL, "race");
  avow_unref(avow_then(shared, note_cb, NULL, "after"));

  assert_fulfills_int(p, 1);

  assert_notes("before after race");
}

/* 16: an input that is passed twice has two elements */
static void same_input_twice_counts_twice(void **state) {
  avow_promise_t *p = resolved(4);
  avow_promise_t *const ps[] = { avow_ref(p), p };

  assert_outcome(avow_all(loop, ps, 2), "is=[4 4]");
}

/* 21 */
static void losers_stay_pending(void **state) {
  make_inputs();
  avow_promise_t *loser = avow_ref(inputs[1]);
  avow_promise_t *p = avow_race(loop, inputs, N);
  resolve_input(0, 1);
  assert_outcome(p, "is=1");

  assert_int_equal(avow_state(loser), AVOW_PENDING);
  resolve_input(1, 5);
  resolve_input(2, 5);

  assert_fulfills_int(loser, 5);
}

static void losers_are_unlinked_when_the_race_settles(void **state) {
  avow_deferred_t *d;
  avow_promise_t *forever = avow_promise_new(loop, &d);
  const uint64_t before = live();

  for (int i = 0; i < 1000; i++) {
    avow_promise_t *const ps[] = { avow_ref(forever), resolved(i) };
    assert_fulfills_int(avow_race(loop, ps, 2), i);
  }

  assert_int_equal(live(), before);
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(forever);
}

static void nested_combinators_settle(void **state) {
  avow_promise_t *const inner[] = { resolved(1), resolved(2) };
  avow_promise_t *const outer[] = { avow_all(loop, inner, 2), resolved(3) };

  assert_outcome(avow_all(loop, outer, 2), "is=[[1 2] 3]");
}

/* Losers that are canceled */

static void cancel_losers_cancels_unshared_losers(void **state) {
  make_inputs();
  avow_promise_t *held = avow_ref(inputs[1]);
  avow_on_cancel(deferreds[1], note_free, "held");
  avow_on_cancel(deferreds[2], note_free, "lost");
  avow_promise_t *p = avow_cancel_losers(avow_race(loop, inputs, N));

  resolve_input(0, 1);
  assert_fulfills_int(p, 1);

  assert_notes("lost");
  assert_int_equal(avow_state(held), AVOW_PENDING);
  resolve_input(1, 2);
  avow_unref(held);
  avow_deferred_drop(deferreds[2]);
}

static void cancel_losers_of_all_acts_on_the_first_failure(void **state) {
  make_inputs();
  avow_on_cancel(deferreds[0], note_free, "a");
  avow_on_cancel(deferreds[2], note_free, "c");
  avow_promise_t *p = avow_cancel_losers(avow_all(loop, inputs, N));

  reject_input(1, UV_EIO);
  assert_rejects(p, UV_EIO);

  assert_notes("a c");
  avow_deferred_drop(deferreds[0]);
  avow_deferred_drop(deferreds[2]);
}

static void cancel_losers_cancels_nested_inputs(void **state) {
  make_inputs();
  avow_on_cancel(deferreds[1], note_free, "b");
  avow_on_cancel(deferreds[2], note_free, "c");
  avow_promise_t *const inner[] = { inputs[1], inputs[2] };
  avow_promise_t *const outer[] = { inputs[0], avow_all(loop, inner, 2) };
  avow_promise_t *p = avow_cancel_losers(avow_race(loop, outer, 2));

  resolve_input(0, 1);
  assert_fulfills_int(p, 1);

  assert_notes("b c");
  avow_deferred_drop(deferreds[1]);
  avow_deferred_drop(deferreds[2]);
}

/* Inputs whose cleanup lasts until their deferred settles. */
static avow_deferred_t *unwinding[2];

static avow_value_t unwind_fn(void *d) {
  note("unwinds");
  return avow_follow(avow_promise_new(loop, d));
}

static avow_promise_t *slow_to_unwind(size_t i) {
  return avow_finally(inputs[i], unwind_fn, &unwinding[i]);
}

static void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* either result is fine */
}

static void join_losers_waits_for_canceled_losers(void **state) {
  make_inputs();
  avow_promise_t *held = avow_ref(inputs[2]);
  avow_promise_t *const all[] = { slow_to_unwind(0), inputs[1], inputs[2] };
  avow_promise_t *p = avow_join_losers(avow_race(loop, all, N));

  assert_true(avow_resolve(deferreds[1], avow_string("first")));
  turn();
  assert_notes("unwinds");
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(unwinding[0], avow_none()));

  assert_fulfills_bytes(p, "first");
  assert_int_equal(avow_state(held), AVOW_PENDING);
  resolve_input(2, 2);
  avow_unref(held);
  avow_deferred_drop(deferreds[0]);
}

/* The loser is canceled already, and the race waits for its cleanup. */
static avow_promise_t *joined_race(void) {
  make_inputs();
  avow_promise_t *const all[] = { slow_to_unwind(0), inputs[1], inputs[2] };
  avow_promise_t *p = avow_join_losers(avow_race(loop, all, N));
  assert_true(avow_resolve(deferreds[1], avow_string("first")));
  turn();
  assert_notes("unwinds");
  return p;
}

static void drop_joined(void) {
  assert_false(avow_resolve(unwinding[0], avow_none())); /* canceled before */
  avow_deferred_drop(deferreds[0]);
  avow_deferred_drop(deferreds[2]);
}

static void canceling_join_losers_cancels_losers_again(void **state) {
  avow_promise_t *p = joined_race();

  avow_cancel(p);
  avow_cancel(p);

  assert_fulfills_bytes(p, "first");
  drop_joined();
}

static avow_value_t begin_to_sleep(const avow_value_t *v, void *data) {
  note("sleeps");
  return avow_follow(avow_sleep(loop, 1000000));
}

static void cancellation_below_join_losers_takes_effect_later(void **state) {
  avow_promise_t *p = avow_then(joined_race(), begin_to_sleep, NULL, NULL);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("sleeps");
  drop_joined();
}

static void join_losers_without_losers_does_not_wait(void **state) {
  make_inputs();
  avow_promise_t *p = avow_join_losers(avow_all(loop, inputs, N));
  avow_promise_t *settled = avow_all(loop, NULL, 0);
  assert_ptr_equal(avow_join_losers(settled), settled);

  for (int i = 0; i < N; i++)
    resolve_input(i, i);

  assert_outcome(p, "is=[0 1 2]");
  assert_outcome(settled, "is=[]");
}

static avow_promise_t *soon(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

static void cancel_losers_of_a_timeout(void) {
  avow_promise_t *const ps[] = { soon(), soon() };
  avow_promise_t *p = avow_timeout(avow_race(loop, ps, 2), 60000);
  assert_outcome(avow_cancel_losers(p), "is=1");
}

static void cancel_losers_of_a_settled_promise(void) {
  assert_outcome(avow_cancel_losers(soon()), "is=1");
}

static void join_losers_of_a_sleep(void) {
  assert_fulfills_none(avow_join_losers(avow_sleep(loop, 1)));
}

static void losers_functions_require_a_combinator(void **state) {
  assert_misuse(
      cancel_losers_of_a_timeout,
      "avow_cancel_losers(): promise is not the result of a combinator");
  assert_misuse(cancel_losers_of_a_settled_promise,
                "not the result of a combinator");
  assert_misuse(
      join_losers_of_a_sleep,
      "avow_join_losers(): promise is not the result of a combinator");
}

static void losers_functions_accept_a_failed_gather(void **state) {
  avow_gather_t *g;
  const int none = AVOW_ANY + 1;
  avow_promise_t *p = avow_gather_new(loop, (avow_gather_kind_t) none, &g);
  avow_gather_unref(g);

  assert_rejects(avow_join_losers(avow_cancel_losers(p)), UV_EINVAL);
}

/* The combinators are nested. Both settle with the outcome that was decided
   first. */
static void canceled_join_losers_waits_at_every_depth(void **state) {
  make_inputs();
  avow_promise_t *const inner[] = { slow_to_unwind(0), slow_to_unwind(1) };
  avow_promise_t *const outer[] = { inputs[2], avow_join_losers(
                                                   avow_all(loop, inner, 2)) };
  avow_promise_t *p = avow_join_losers(avow_any(loop, outer, 2));

  avow_cancel(p);
  turn();
  assert_notes("unwinds unwinds");
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(unwinding[0], avow_none()));
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(unwinding[1], avow_error(UV_EIO)));

  assert_rejects(p, UV_ECANCELED);
  for (size_t i = 0; i < N; i++)
    avow_deferred_drop(deferreds[i]);
}

static void loop_closes_while_join_losers_waits(void **state) {
  make_inputs();
  avow_promise_t *const all[] = { slow_to_unwind(0), inputs[1], inputs[2] };
  avow_promise_t *p = avow_join_losers(avow_race(loop, all, N));
  assert_true(avow_resolve(deferreds[1], avow_int(1)));
  turn();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("unwinds");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  avow_deferred_drop(deferreds[0]);
  avow_deferred_drop(deferreds[2]);
  avow_deferred_drop(unwinding[0]);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(combine) {
  const struct CMUnitTest tests[] = {
    CASE(all_keeps_the_order_of_inputs),
    CASE(all_waits_for_the_last_input),
    CASE(inputs_stay_valid_for_other_holders),
    CASE(all_of_many_inputs_frees_their_memory),
    CASE(all_rejects_with_the_first_rejection),
    CASE(empty_all_and_all_settled_resolve_at_once),
    CASE(all_settled_lists_each_outcome_in_order),
    CASE(any_fulfills_with_the_first_value),
    CASE(any_collects_every_reason_in_order),
    CASE(empty_any_rejects_at_once_with_an_empty_list),
    CASE(race_settles_as_the_first_input),
    CASE(race_without_inputs_never_settles),
    CASE(inputs_are_subscribed_to_in_order),
    CASE(same_input_twice_counts_twice),
    CASE(losers_stay_pending),
    CASE(losers_are_unlinked_when_the_race_settles),
    CASE(nested_combinators_settle),
    CASE(cancel_losers_cancels_unshared_losers),
    CASE(cancel_losers_of_all_acts_on_the_first_failure),
    CASE(cancel_losers_cancels_nested_inputs),
    CASE(join_losers_waits_for_canceled_losers),
    CASE(canceling_join_losers_cancels_losers_again),
    CASE(cancellation_below_join_losers_takes_effect_later),
    CASE(join_losers_without_losers_does_not_wait),
    CASE(losers_functions_require_a_combinator),
    CASE(losers_functions_accept_a_failed_gather),
    CASE(canceled_join_losers_waits_at_every_depth),
    CASE(loop_closes_while_join_losers_waits),
  };
  return RUN(tests);
}
