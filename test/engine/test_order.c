/* SPDX-License-Identifier: MIT */
/*
 * The order of jobs: in which round (1 is the first) a handler runs. A chain
 * that records the rounds shows it. The expected rounds are those of V8.
 */
#include "harness.h"

enum { ROUNDS = 6 };

static char *const numbers[ROUNDS] = { "1", "2", "3", "4", "5", "6" };

/* Starts to record the rounds. */
static avow_promise_t *clock_start(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  for (int i = 0; i < ROUNDS; i++)
    p = avow_then(p, note_cb, NULL, numbers[i]);
  return p;
}

/* Adds a handler for either outcome of p and asserts its position among the
   rounds. Takes ownership of both promises. */
static void assert_round(avow_promise_t *clock, avow_promise_t *p,
                         const char *notes) {
  avow_promise_t *q = avow_then(p, note_cb, note_cb, "x");
  const avow_value_t outcome = avow_run(q);
  assert_fulfills_none(clock);
  avow_value_unref(outcome);
  assert_notes(notes);
}

static avow_promise_t *settled(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

static avow_value_t give(const avow_value_t *arg, void *data) {
  return avow_int(2);
}

static avow_value_t give_fn(void *data) {
  return avow_int(2);
}

static avow_value_t follow_settled(const avow_value_t *arg, void *data) {
  return avow_follow(settled());
}

static avow_value_t follow_settled_fn(void *data) {
  return avow_follow(settled());
}

static avow_value_t fail_fn(void *data) {
  return avow_error(UV_EIO);
}

static avow_value_t foreign_then(void *self, avow_deferred_t *d) {
  (void) avow_resolve(d, avow_int(1)); /* pending: d is the only deferred */
  return avow_none();
}

static const avow_class_t foreign = { .name = "foreign", .then = foreign_then };

static void then_of_a_settled_promise_takes_1(void **state) {
  assert_round(clock_start(), settled(), "1 x 2 3 4 5 6");
}

static void then_returning_a_value_takes_2(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_then(settled(), give, NULL, NULL), "1 2 x 3 4 5 6");
}

static void then_returning_a_settled_promise_takes_4(void **state) {
  avow_promise_t *clock = clock_start();
  avow_promise_t *p = avow_then(settled(), follow_settled, NULL, NULL);
  assert_round(clock, p, "1 2 3 4 x 5 6");
}

static void resolving_with_a_settled_promise_takes_3(void **state) {
  avow_promise_t *clock = clock_start();
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_true(avow_resolve(d, avow_follow(settled())));
  assert_round(clock, p, "1 2 3 x 4 5 6");
}

static void resolving_with_a_thenable_takes_2(void **state) {
  avow_promise_t *clock = clock_start();
  avow_promise_t *p = avow_promise_resolve(loop, avow_object(&foreign, NULL));
  assert_round(clock, p, "1 2 x 3 4 5 6");
}

static void rejection_past_one_then_takes_2(void **state) {
  avow_promise_t *clock = clock_start();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  assert_round(clock, avow_then(p, give, NULL, NULL), "1 2 x 3 4 5 6");
}

static void finally_takes_4(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_finally(settled(), give_fn, NULL), "1 2 3 4 x 5 6");
}

static void finally_of_a_rejection_takes_4(void **state) {
  avow_promise_t *clock = clock_start();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  assert_round(clock, avow_finally(p, give_fn, NULL), "1 2 3 4 x 5 6");
}

static void finally_returning_a_settled_promise_takes_4(void **state) {
  avow_promise_t *clock = clock_start();
  avow_promise_t *p = avow_finally(settled(), follow_settled_fn, NULL);
  assert_round(clock, p, "1 2 3 4 x 5 6");
}

static void finally_that_throws_takes_2(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_finally(settled(), fail_fn, NULL), "1 2 x 3 4 5 6");
}

static void finally_without_a_handler_takes_2(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_finally(settled(), NULL, NULL), "1 2 x 3 4 5 6");
}

static void all_of_no_inputs_takes_1(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_all(loop, NULL, 0), "1 x 2 3 4 5 6");
}

static void all_settled_of_no_inputs_takes_1(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_all_settled(loop, NULL, 0), "1 x 2 3 4 5 6");
}

static void any_of_no_inputs_takes_1(void **state) {
  avow_promise_t *clock = clock_start();
  assert_round(clock, avow_any(loop, NULL, 0), "1 x 2 3 4 5 6");
}

typedef avow_promise_t *(*combine_fn)(uv_loop_t *, avow_promise_t *const *,
                                      size_t);

static void each_combinator_of_settled_inputs_takes_2(void **state) {
  const combine_fn fns[] = { avow_all, avow_all_settled, avow_race, avow_any };
  for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
    avow_promise_t *clock = clock_start();
    avow_promise_t *const ps[] = { settled(), settled() };
    assert_round(clock, fns[i](loop, ps, 2), "1 2 x 3 4 5 6");
  }
}

/* Adoptions in a row share one promise in memory, but each still takes its own
   jobs. */

static avow_value_t follow_one_more(const avow_value_t *arg, void *data) {
  return avow_follow(avow_then(settled(), follow_settled, NULL, NULL));
}

/* then -> follow(then -> follow(settled)): 1 handler, 2 join and the inner
   handler, 3 the inner join, 4 its adoption, 5 the outer, 6 the handler */
static void nested_adoptions_take_a_job_each(void **state) {
  avow_promise_t *clock = avow_then(clock_start(), note_cb, NULL, "7");
  avow_promise_t *p = avow_then(settled(), follow_one_more, NULL, NULL);
  assert_round(clock, p, "1 2 3 4 5 6 x 7");
}

/* The handlers of different chains interleave by rounds. Within a round they
   run in the order of registration. */
static void chains_interleave_in_order_of_registration(void **state) {
  avow_promise_t *a = avow_then(settled(), note_cb, NULL, "a1");
  avow_promise_t *b = avow_then(settled(), note_cb, NULL, "b1");
  a = avow_then(a, note_cb, NULL, "a2");
  b = avow_then(b, note_cb, NULL, "b2");
  a = avow_finally(a, note_fn, "a3");
  b = avow_then(b, note_cb, NULL, "b3");

  avow_unref(b);
  assert_fulfills_int(a, 1);

  assert_notes("a1 b1 a2 b2 a3 b3");
}

SUITE(order) {
  const struct CMUnitTest tests[] = {
    CASE(then_of_a_settled_promise_takes_1),
    CASE(then_returning_a_value_takes_2),
    CASE(then_returning_a_settled_promise_takes_4),
    CASE(resolving_with_a_settled_promise_takes_3),
    CASE(resolving_with_a_thenable_takes_2),
    CASE(rejection_past_one_then_takes_2),
    CASE(finally_takes_4),
    CASE(finally_of_a_rejection_takes_4),
    CASE(finally_returning_a_settled_promise_takes_4),
    CASE(finally_that_throws_takes_2),
    CASE(finally_without_a_handler_takes_2),
    CASE(all_of_no_inputs_takes_1),
    CASE(all_settled_of_no_inputs_takes_1),
    CASE(any_of_no_inputs_takes_1),
    CASE(each_combinator_of_settled_inputs_takes_2),
    CASE(nested_adoptions_take_a_job_each),
    CASE(chains_interleave_in_order_of_registration),
  };
  return RUN(tests);
}
