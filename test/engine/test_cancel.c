/* SPDX-License-Identifier: MIT */
/* Cancellation: which promises are rejected, which handlers still run, and
   which promises are not touched. */
#include "famine.h"

static avow_promise_t *pending(avow_deferred_t **out, char *word) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, word);
  return p;
}

static avow_promise_t *resolved(int64_t i) {
  return avow_promise_resolve(loop, avow_int(i));
}

static avow_value_t recover(const avow_value_t *arg, void *word) {
  note(word);
  return avow_int(1);
}

static void source_promise_is_rejected_at_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d, "stop");

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_notes("stop");
  assert_false(avow_resolve(d, avow_int(1)));
  assert_rejects(p, UV_ECANCELED);
}

static void cancellation_runs_catch_and_finally_handlers(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d, "stop");
  p = avow_then(p, note_cb, NULL, "then");
  p = avow_finally(p, note_fn, "finally");
  p = avow_catch(p, note_value_cb, "catch");

  avow_cancel(p);
  note("canceled");

  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop canceled finally catch=ECANCELED");
  avow_deferred_drop(d);
}

static void catch_may_recover_from_a_cancellation(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_catch(pending(&d, "stop"), recover, "catch");

  avow_cancel(p);

  assert_fulfills_int(p, 1);
  avow_deferred_drop(d);
}

static void promise_with_other_references_stays_pending(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = pending(&d, "stop");
  avow_promise_t *p = avow_then(avow_ref(shared), note_cb, note_cb, "then");

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_int_equal(avow_state(shared), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(2)));
  assert_fulfills_int(shared, 2);
  assert_rejects(p, UV_ECANCELED);
  assert_notes("");
}

static void finally_runs_even_if_its_source_stays_pending(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = pending(&d, "stop");
  avow_promise_t *p = avow_finally(avow_ref(shared), note_fn, "finally");

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("finally");
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(shared);
}

static void attach_frees_after_its_source_settles(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = pending(&d, "stop");
  avow_promise_t *p = avow_attach(avow_ref(shared), "one", note_free);
  p = avow_attach(p, "two", note_free);
  avow_promise_t *q = avow_attach(avow_ref(shared), "free", note_free);
  q = avow_then(q, note_cb, note_cb, "then");

  avow_cancel(p);
  avow_cancel(q);

  assert_rejects(q, UV_ECANCELED); /* an attach need not wait */
  assert_notes("");
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_string("dropped")));
  assert_rejects(p, UV_ECANCELED);
  assert_notes("one free two");
  assert_fulfills_bytes(shared, "dropped");
}

static void loop_closes_after_an_attach_is_canceled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = pending(&d, "stop");
  avow_promise_t *p = avow_attach(avow_ref(shared), "free", note_free);
  avow_cancel(p);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("stop free");
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  avow_unref(p);
  avow_unref(shared);
  avow_deferred_drop(d);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void settled_promise_is_not_canceled(void **state) {
  avow_promise_t *p = resolved(3);

  avow_cancel(p);

  assert_fulfills_int(p, 3);
}

/* If a value is on its way to a handler, it is not lost: the handler runs. */
static void settled_value_still_reaches_its_handler(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, note_value_cb, NULL, "got");
  assert_true(avow_resolve(d, avow_int(5)));

  avow_cancel(p);

  assert_fulfills_int(p, 5);
  assert_notes("got=5");
}

static avow_value_t start_more(const avow_value_t *arg, void *p) {
  note("start");
  return avow_follow(p);
}

/* The promise that this handler returns later is canceled. */
static void promise_followed_by_a_late_handler_is_canceled(void **state) {
  avow_deferred_t *d, *more;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, start_more, NULL, pending(&more, "stop"));
  assert_true(avow_resolve(d, avow_int(5)));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("start stop");
  avow_deferred_drop(more);
}

/* The cancellation also reaches a promise that a later handler of the chain
   returns. */
static void cancellation_reaches_the_next_pending_promise(void **state) {
  avow_deferred_t *d, *more;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, note_value_cb, NULL, "got");
  p = avow_then(p, start_more, NULL, pending(&more, "stop"));
  p = avow_then(p, note_cb, NULL, "never");
  assert_true(avow_resolve(d, avow_int(5)));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=5 start stop");
  avow_deferred_drop(more);
}

static avow_value_t clean_up(const avow_value_t *arg, void *p) {
  note("clean");
  return avow_follow(p);
}

/* The promise that a catch returns after a cancellation is not canceled. */
static void cleanup_after_a_cancellation_is_not_canceled(void **state) {
  avow_deferred_t *d, *more, *cleaning;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_then(p, start_more, NULL, pending(&more, "stop"));
  p = avow_catch(p, clean_up, pending(&cleaning, "disturbed"));
  assert_true(avow_resolve(d, avow_int(5)));

  avow_cancel(p);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(cleaning, avow_int(1)));

  assert_fulfills_int(p, 1);
  assert_notes("start stop clean");
  avow_deferred_drop(more);
}

static avow_promise_t *self;

static avow_value_t cancel_again(const avow_value_t *arg, void *p) {
  avow_cancel(self);
  return clean_up(arg, p);
}

static void cleanup_is_not_canceled_by_its_handler(void **state) {
  avow_deferred_t *d, *cleaning;
  self = avow_catch(pending(&d, "stop"), cancel_again,
                    pending(&cleaning, "disturbed"));

  avow_cancel(self);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);
  assert_true(avow_resolve(cleaning, avow_int(1)));

  assert_fulfills_int(self, 1);
  assert_notes("stop clean");
  avow_deferred_drop(d);
}

static avow_value_t cancel_self(const avow_value_t *arg, void *p) {
  avow_cancel(self);
  return avow_follow(p);
}

static void handler_may_cancel_its_own_promise(void **state) {
  avow_deferred_t *d;
  self = avow_then(resolved(1), cancel_self, NULL, pending(&d, "stop"));

  assert_rejects(self, UV_ECANCELED);

  assert_notes("stop");
  avow_deferred_drop(d);
}

static avow_value_t cancel_and_follow_self(const avow_value_t *arg, void *p) {
  avow_cancel(self);
  return avow_follow(self); /* takes the last reference */
}

static void canceled_handler_may_follow_its_own_promise(void **state) {
  self = avow_then(resolved(1), cancel_and_follow_self, NULL, NULL);

  run();

  assert_notes("");
}

static void adopted_promise_is_canceled(void **state) {
  avow_deferred_t *d, *inner;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_true(avow_resolve(d, avow_follow(pending(&inner, "stop"))));

  avow_cancel(p); /* before p has subscribed */
  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop");
  avow_deferred_drop(inner);

  p = avow_promise_new(loop, &d);
  assert_true(avow_resolve(d, avow_follow(pending(&inner, "stop"))));
  run();
  avow_cancel(p); /* after p has subscribed */
  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop");
  avow_deferred_drop(inner);
}

static void canceling_the_adopter_keeps_a_shared_promise(void **state) {
  avow_deferred_t *d, *inner;
  avow_promise_t *shared = pending(&inner, "stop");
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_true(avow_resolve(d, avow_follow(avow_ref(shared))));
  run();

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_true(avow_resolve(inner, avow_int(2)));
  assert_fulfills_int(shared, 2);
  avow_unref(p);
}

static void canceled_sleep_stops_its_timer(void **state) {
  avow_promise_t *p = avow_sleep(loop, 100000);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_false(uv_loop_alive(loop));
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

static avow_value_t sleep_long(void *data) {
  return avow_follow(avow_sleep(loop, 100000));
}

static void repeat_is_canceled_between_and_during_steps(void **state) {
  avow_promise_t *p = avow_repeat(loop, nothing, NULL);
  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ECANCELED);

  p = avow_repeat(loop, sleep_long, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static avow_value_t give_none(const avow_value_t *arg, void *word) {
  note(word);
  return avow_none();
}

static avow_value_t step_that_recovers(void *d) {
  note("step");
  return avow_follow(avow_catch(pending(d, "stop"), give_none, "recovers"));
}

static void canceled_repeat_ends_if_its_step_recovers(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_repeat(loop, step_that_recovers, &d);
  run();

  avow_cancel_with(p, avow_string("it rains"));

  assert_says(p, UV_ECANCELED, "operation canceled: it rains");
  assert_notes("step stop recovers");
  avow_deferred_drop(d);
}

static avow_value_t cancel_repeat(void *data) {
  avow_cancel(self);
  return avow_none();
}

static avow_value_t cancel_and_follow(void *p) {
  avow_cancel(self);
  return avow_follow(p);
}

static void promise_followed_by_a_late_step_is_canceled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, note_free, "work");

  self = avow_repeat(loop, cancel_and_follow, p);

  assert_rejects(self, UV_ECANCELED);
  assert_notes("work");
  avow_deferred_drop(d);
}

static void step_may_cancel_its_repeat(void **state) {
  self = avow_repeat(loop, cancel_repeat, NULL);

  assert_rejects(self, UV_ECANCELED);
}

static void canceled_combinator_rejects_and_cancels_its_inputs(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *held = pending(&e, "held");
  avow_promise_t *const ps[] = { pending(&d, "stop"), avow_ref(held) };
  avow_promise_t *p = avow_all_settled(loop, ps, 2);

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ECANCELED);
  assert_notes("stop");
  assert_int_equal(avow_state(held), AVOW_PENDING);
  avow_deferred_drop(d);
  assert_true(avow_resolve(e, avow_none()));
  avow_unref(held);
}

/* Inputs of a nested combinator are canceled after the other inputs. */
static void inputs_are_canceled_in_order_and_nested_ones_later(void **state) {
  avow_deferred_t *d[5];
  avow_promise_t *const innermost[] = { pending(&d[0], "e") };
  avow_promise_t *const inner[] = { avow_race(loop, innermost, 1),
                                    pending(&d[1], "c") };
  avow_promise_t *const more[] = { pending(&d[2], "d") };
  avow_promise_t *const ps[] = { pending(&d[3], "a"),
                                 avow_all_settled(loop, inner, 2),
                                 avow_any(loop, more, 1), pending(&d[4], "b") };
  avow_promise_t *p = avow_all(loop, ps, 4);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("a b c d e");
  for (int i = 0; i < 5; i++)
    avow_deferred_drop(d[i]);
}

static void second_cancel_does_nothing(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d, "stop");

  avow_cancel(p);
  avow_cancel(p);

  assert_notes("stop");
  avow_deferred_drop(d);
  avow_unref(p);
}

static avow_deferred_t *to_drop;

static void drop_deferred(void *word) {
  note(word);
  avow_deferred_drop(to_drop);
}

static void on_cancel_may_drop_the_deferred(void **state) {
  avow_promise_t *p = avow_promise_new(loop, &to_drop);
  avow_on_cancel(to_drop, drop_deferred, "stop");

  avow_cancel(p);

  assert_notes("stop");
  assert_rejects(p, UV_ECANCELED);
}

static void on_cancel_is_not_called_when_settled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d, "stop");
  assert_true(avow_resolve(d, avow_int(1)));

  avow_cancel(p);

  assert_fulfills_int(p, 1);
  assert_notes("");
}

typedef struct {
  avow_promise_t *other;
  avow_state_t inside; /* state of `other`, right after it was canceled */
} other_t;

static void cancel_other(void *data) {
  other_t *both = data;
  avow_cancel(both->other);
  both->inside = avow_state(both->other);
}

static void cancel_inside_on_cancel_takes_effect_after_it_returns(
    void **state) {
  avow_deferred_t *d, *other_d;
  other_t both = { .other = pending(&other_d, "other") };
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, cancel_other, &both);

  avow_cancel(p);

  assert_int_equal(both.inside, AVOW_PENDING);
  assert_int_equal(avow_state(both.other), AVOW_REJECTED);
  assert_notes("other");
  assert_rejects(p, UV_ECANCELED);
  assert_rejects(both.other, UV_ECANCELED);
  avow_deferred_drop(d);
  avow_deferred_drop(other_d);
}

static void cancel_inside_on_cancel_needs_no_memory(void **state) {
  avow_deferred_t *d, *other_d;
  other_t both = { .other = pending(&other_d, "other") };
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, cancel_other, &both);
  use_up_reserve();

  avow_cancel(p);

  assert_int_equal(both.inside, AVOW_PENDING);
  assert_int_equal(avow_state(both.other), AVOW_REJECTED);
  give_back_memory();
  assert_fulfills_none(avow_sleep(loop, 0)); /* checked builds check here */
  assert_notes("other");
  assert_rejects(p, UV_ECANCELED);
  assert_rejects(both.other, UV_ECANCELED);
  avow_deferred_drop(d);
  avow_deferred_drop(other_d);
}

static void close_the_loop(void *code) {
  *(int *) code = avow_loop_close(loop);
}

static void on_cancel_cannot_close_the_loop(void **state) {
  avow_deferred_t *d;
  int code = 0;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, close_the_loop, &code);

  avow_cancel(p);

  assert_int_equal(code, UV_EBUSY);
  assert_rejects(p, UV_ECANCELED);
  avow_deferred_drop(d);
}

SUITE(cancel) {
  const struct CMUnitTest tests[] = {
    CASE(source_promise_is_rejected_at_once),
    CASE(cancellation_runs_catch_and_finally_handlers),
    CASE(catch_may_recover_from_a_cancellation),
    CASE(promise_with_other_references_stays_pending),
    CASE(finally_runs_even_if_its_source_stays_pending),
    CASE(attach_frees_after_its_source_settles),
    CASE(loop_closes_after_an_attach_is_canceled),
    CASE(settled_promise_is_not_canceled),
    CASE(settled_value_still_reaches_its_handler),
    CASE(promise_followed_by_a_late_handler_is_canceled),
    CASE(cancellation_reaches_the_next_pending_promise),
    CASE(cleanup_after_a_cancellation_is_not_canceled),
    CASE(cleanup_is_not_canceled_by_its_handler),
    CASE(handler_may_cancel_its_own_promise),
    CASE(canceled_handler_may_follow_its_own_promise),
    CASE(adopted_promise_is_canceled),
    CASE(canceling_the_adopter_keeps_a_shared_promise),
    CASE(canceled_sleep_stops_its_timer),
    CASE(repeat_is_canceled_between_and_during_steps),
    CASE(canceled_repeat_ends_if_its_step_recovers),
    CASE(promise_followed_by_a_late_step_is_canceled),
    CASE(step_may_cancel_its_repeat),
    CASE(canceled_combinator_rejects_and_cancels_its_inputs),
    CASE(inputs_are_canceled_in_order_and_nested_ones_later),
    CASE(second_cancel_does_nothing),
    CASE(on_cancel_may_drop_the_deferred),
    CASE(on_cancel_is_not_called_when_settled),
    CASE(cancel_inside_on_cancel_takes_effect_after_it_returns),
    CASE(cancel_inside_on_cancel_needs_no_memory),
    CASE(on_cancel_cannot_close_the_loop),
  };
  return RUN(tests);
}
