/* SPDX-License-Identifier: MIT */
/* Combinators whose inputs are added one by one. */
#include "famine.h"

static avow_promise_t *resolved(int64_t i) {
  return avow_promise_resolve(loop, avow_int(i));
}

static void gather_accepts_inputs_over_several_iterations(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  for (int i = 0; i < 100; i++) {
    avow_gather_add(g, resolved(i));
    (void) uv_run(loop, UV_RUN_NOWAIT);
  }

  avow_gather_end(g);
  avow_gather_unref(g);
  const avow_value_t list = avow_run(p);

  assert_int_equal(avow_list_len(&list), 100);
  for (int i = 0; i < 100; i++)
    assert_int_equal(avow_to_int(avow_list_at(&list, (size_t) i)), i);
  avow_value_unref(list);
}

/* 16: the count starts at 1, and the end decrements it */
static void gather_does_not_settle_before_its_end(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, resolved(1));
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_gather_end(g);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_outcome(p, "is=[1]");
  avow_gather_unref(g);
}

static void releasing_a_gather_ends_it(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL_SETTLED, &g);
  avow_gather_add(g, resolved(1));
  run();

  avow_gather_unref(g);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_outcome(p, "is=[1]");
}

static avow_value_t note_and_queue(const avow_value_t *arg, void *data) {
  note("first");
  avow_unref(avow_then(resolved(1), note_value_cb, NULL, "second"));
  return avow_none();
}

/* An input that is added later gets a job of its own, although it has no
   handler. */
static void later_inputs_keep_their_job_order(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, resolved(1));
  avow_unref(avow_then(resolved(1), note_and_queue, NULL, NULL));
  avow_gather_add(g, resolved(2));
  avow_gather_add(g, resolved(3));
  avow_gather_unref(g);

  p = avow_then(p, note_value_cb, NULL, "all");
  avow_value_unref(avow_run(p));

  assert_notes("first second=1 all=[1 2 3]");
}

/* The gather, which adds inputs, does not count as a holder of the promise. */
static void open_gather_is_canceled_with_its_inputs(void **state) {
  avow_gather_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, avow_promise_new(loop, &d));
  avow_on_cancel(d, note_free, "input");
  p = avow_then(p, NULL, NULL, NULL);

  avow_cancel(p);

  assert_notes("input");
  assert_rejects(p, UV_ECANCELED);
  avow_gather_unref(g);
  avow_deferred_drop(d);
}

static void open_gather_that_loses_a_race_is_canceled(void **state) {
  avow_gather_t *g;
  avow_deferred_t *d;
  avow_promise_t *ps[] = { resolved(1), avow_gather_new(loop, AVOW_ALL, &g) };
  avow_gather_add(g, avow_promise_new(loop, &d));
  avow_on_cancel(d, note_free, "input");

  assert_outcome(avow_cancel_losers(avow_race(loop, ps, 2)), "input is=1");

  avow_gather_add(g, resolved(2));
  avow_gather_unref(g);
  avow_deferred_drop(d);
}

static void gather_with_other_references_is_not_canceled(void **state) {
  for (int open = 0; open < 2; open++) {
    avow_gather_t *g;
    avow_deferred_t *d;
    avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
    avow_gather_add(g, avow_promise_new(loop, &d));
    if (!open)
      avow_gather_unref(g);
    avow_promise_t *q = avow_then(avow_ref(p), NULL, NULL, NULL);

    avow_cancel(q);

    assert_rejects(q, UV_ECANCELED);
    assert_true(avow_resolve(d, avow_int(1)));
    if (open)
      avow_gather_unref(g);
    assert_outcome(p, "is=[1]");
  }
}

static void gather_accepts_inputs_after_it_settles(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_RACE, &g);
  avow_gather_add(g, resolved(1));
  run();
  avow_gather_add(g, avow_promise_reject(loop, avow_error(UV_EIO)));

  avow_gather_unref(g);
  assert_outcome(p, "is=1");
}

static void note_cancel(void *word) {
  note(word);
}

static avow_promise_t *undecided(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_cancel, "canceled");
  return p;
}

static void late_input_is_canceled_as_a_loser(void **state) {
  avow_gather_t *g;
  avow_deferred_t *late;
  avow_promise_t *p = avow_cancel_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  run();

  avow_gather_add(g, undecided(&late));

  assert_notes("canceled");
  avow_deferred_drop(late);
  avow_gather_unref(g);
  assert_outcome(p, "is=1");
}

static avow_value_t wait_to_the_end(void *data) {
  note("unwinds");
  return avow_follow(data);
}

/* Makes a loser whose cleanup lasts until `d` settles. */
static avow_promise_t *slow(avow_deferred_t **d) {
  return avow_finally(avow_sleep(loop, 60000), wait_to_the_end,
                      avow_promise_new(loop, d));
}

static void join_losers_waits_for_a_late_input(void **state) {
  avow_gather_t *g;
  avow_deferred_t *first, *late;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  avow_gather_add(g, slow(&first));
  run();
  avow_gather_add(g, slow(&late));
  avow_gather_unref(g);

  assert_true(avow_resolve(first, avow_none()));
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(late, avow_none()));

  assert_outcome(p, "unwinds unwinds is=1");
}

/* The late input is canceled, although no memory is left to wait for it. */
static void late_input_without_memory_is_not_waited_for(void **state) {
  avow_gather_t *g;
  avow_deferred_t *first, *late;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  avow_gather_add(g, slow(&first));
  run();
  avow_promise_t *input = slow(&late);

  use_up_memory();
  avow_gather_add(g, input);
  give_back_memory();
  avow_gather_unref(g);
  assert_true(avow_resolve(first, avow_none()));

  assert_outcome(p, "unwinds unwinds is=1");
  assert_true(avow_resolve(late, avow_none()));
  run();
}

static void late_input_with_other_references_stays_pending(void **state) {
  avow_gather_t *g;
  avow_deferred_t *late;
  avow_promise_t *p = avow_cancel_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  run();
  avow_promise_t *shared = undecided(&late);

  avow_gather_add(g, avow_ref(shared));

  assert_int_equal(avow_state(shared), AVOW_PENDING);
  assert_true(avow_resolve(late, avow_int(2)));
  assert_outcome(shared, "is=2");
  avow_gather_unref(g);
  assert_outcome(p, "is=1");
}

static void settled_late_input_is_released(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  avow_gather_add(g, avow_sleep(loop, 60000));
  (void) uv_run(loop, UV_RUN_NOWAIT);

  avow_promise_t *late = resolved(2);
  avow_gather_add(g, avow_ref(late));
  avow_gather_add(g, resolved(3));

  avow_gather_unref(g);
  assert_outcome(late, "is=2");
  assert_outcome(p, "is=1");
}

/* The promise has settled, so that it waits for no further losers. */
static void late_input_is_canceled_after_the_gather_settles(void **state) {
  avow_gather_t *g;
  avow_deferred_t *late;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  run();
  assert_int_equal(avow_state(p), AVOW_FULFILLED);

  avow_gather_add(g, undecided(&late));

  assert_notes("canceled");
  avow_deferred_drop(late);
  avow_gather_unref(g);
  assert_outcome(p, "is=1");
}

static void late_input_of_another_loop_is_not_canceled(void **state) {
  avow_gather_t *g;
  avow_deferred_t *late;
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  avow_promise_t *p = avow_cancel_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, resolved(1));
  run();
  avow_promise_t *foreign = avow_promise_new(&other, &late);
  avow_on_cancel(late, note_cancel, "canceled");

  avow_gather_add(g, foreign);

  assert_notes("");
  avow_deferred_drop(late);
  avow_gather_unref(g);
  assert_outcome(p, "is=1");
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

#ifdef NDEBUG
static void second_end_of_a_gather_does_nothing(void **state) {
  avow_gather_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_add(g, avow_promise_new(loop, &d));

  avow_gather_end(g);
  avow_gather_end(g);
  run();

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));
  avow_gather_unref(g);
  assert_outcome(p, "is=[1]");
}
#endif

static void gather_of_an_unknown_kind_is_refused(void **state) {
  const int none = AVOW_ANY + 1;
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, (avow_gather_kind_t) none, &g);
  avow_gather_add(g, resolved(1));
  avow_gather_end(g);
  avow_gather_unref(g);
  assert_says(p, UV_EINVAL, "gather: invalid argument");
}

static void adding_a_gather_to_itself_rejects(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL_SETTLED, &g);

  avow_gather_add(g, avow_ref(p));
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  avow_gather_add(g, avow_ref(p));

  avow_gather_unref(g);
  assert_rejects(p, AVOW_ECYCLE);
}

static avow_promise_t *empty_gather(avow_gather_kind_t kind) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, kind, &g);
  avow_gather_unref(g);
  return p;
}

static void gather_of_each_kind_may_be_empty(void **state) {
  assert_outcome(empty_gather(AVOW_ALL), "is=[]");
  assert_outcome(empty_gather(AVOW_ALL_SETTLED), "is=[]");
  assert_outcome(empty_gather(AVOW_ANY), "is=AVOW_EAGGREGATE");
}

SUITE(gather) {
  const struct CMUnitTest tests[] = {
    CASE(gather_accepts_inputs_over_several_iterations),
    CASE(gather_does_not_settle_before_its_end),
    CASE(releasing_a_gather_ends_it),
    CASE(later_inputs_keep_their_job_order),
    CASE(open_gather_is_canceled_with_its_inputs),
    CASE(open_gather_that_loses_a_race_is_canceled),
    CASE(gather_with_other_references_is_not_canceled),
    CASE(gather_accepts_inputs_after_it_settles),
    CASE(late_input_is_canceled_as_a_loser),
    CASE(join_losers_waits_for_a_late_input),
    CASE(late_input_without_memory_is_not_waited_for),
    CASE(late_input_with_other_references_stays_pending),
    CASE(settled_late_input_is_released),
    CASE(late_input_is_canceled_after_the_gather_settles),
    CASE(late_input_of_another_loop_is_not_canceled),
#ifdef NDEBUG
    CASE(second_end_of_a_gather_does_nothing),
#endif
    CASE(gather_of_each_kind_may_be_empty),
    CASE(gather_of_an_unknown_kind_is_refused),
    CASE(adding_a_gather_to_itself_rejects),
  };
  return RUN(tests);
}
