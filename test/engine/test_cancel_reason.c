/* SPDX-License-Identifier: MIT */
/* Cancellation with a reason: which promises reject with it, and how long it
   stays. */
#include "avow/stackless.h"
#include "famine.h"

#define WHY "operation canceled: it rains"

static avow_promise_t *pending(avow_deferred_t **out) {
  return avow_promise_new(loop, out);
}

static avow_value_t rain(void) {
  return avow_error_new(UV_EAGAIN, avow_none(), "it rains");
}

/* Records whether the message of the error is that of the reason. */
static avow_value_t note_why(const avow_value_t *error, void *word) {
  const char *text = avow_error_message(error);
  note(word);
  note(strcmp(text, WHY) == 0 ? "why" : "plain");
  return avow_value_ref(error);
}

static avow_promise_t *noting(avow_promise_t *p, char *word) {
  return avow_catch(p, note_why, word);
}

static void canceled_promise_reports_the_reason(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d);

  avow_cancel_with(p, rain());

  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
  assert_string_equal(avow_error_message(&v), WHY);
  assert_int_equal(avow_error_code(avow_error_cause(&v)), UV_EAGAIN);
  avow_value_unref(v);
  avow_deferred_drop(d);
}

static void assert_reads(avow_value_t reason, const char *text, bool caused) {
  avow_promise_t *p = avow_sleep(loop, 60000);

  avow_cancel_with(p, reason);

  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
  assert_string_equal(avow_error_message(&v), text);
  assert_int_equal(avow_error_cause(&v) != NULL, caused);
  avow_value_unref(v);
}

static void reason_may_be_any_value(void **state) {
  avow_promise_t *kept = avow_sleep(loop, 0);

  assert_reads(avow_string("it rains"), WHY, true);
  assert_reads(avow_int(5), "operation canceled", true);
  assert_reads(avow_follow(avow_ref(kept)), "operation canceled", true);
  assert_reads(avow_none(), "operation canceled", false);
  assert_reads(avow_error(UV_ECANCELED), "operation canceled", false);
  assert_reads(avow_error_new(UV_ECANCELED, avow_none(), "rain"), "rain",
               false);

  avow_unref(kept);
}

static avow_value_t note_end(void *word) {
  note(word);
  return avow_none();
}

static void reason_passes_down_the_chain(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = noting(pending(&d), "a");
  p = noting(avow_finally(p, note_end, "end"), "b");

  avow_cancel_with(p, rain());

  assert_says(p, UV_ECANCELED, WHY);
  assert_notes("a why end b why");
  avow_deferred_drop(d);
}

static void inputs_and_children_receive_the_reason(void **state) {
  avow_deferred_t *d[4];
  avow_promise_t *inputs[] = { noting(pending(&d[0]), "a"),
                               noting(pending(&d[1]), "b") };
  avow_promise_t *race[] = { noting(pending(&d[2]), "c") };
  avow_group_t *g;
  avow_promise_t *all[] = { avow_all(loop, inputs, 2),
                            avow_join_losers(avow_race(loop, race, 1)),
                            avow_group_new(loop, &g) };
  avow_group_add(g, noting(pending(&d[3]), "d"));
  avow_group_unref(g);
  avow_promise_t *p = avow_all_settled(loop, all, 3);

  avow_cancel_with(p, rain());

  assert_says(p, UV_ECANCELED, WHY);
  run();
  assert_notes("a why b why c why d why");
  for (int i = 0; i < 4; i++)
    avow_deferred_drop(d[i]);
}

/* Follows a new pending promise, which records the reason of its
   cancellation. */
static avow_value_t begin_anew(const avow_value_t *arg, void *d) {
  return avow_follow(noting(pending(d), "inner"));
}

static void reason_is_kept_while_earlier_handlers_run(void **state) {
  avow_deferred_t *d = NULL;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(avow_then(p, NULL, NULL, NULL), begin_anew, NULL, &d);
  p = avow_then(p, NULL, NULL, NULL);

  avow_cancel_with(p, rain());

  assert_says(p, UV_ECANCELED, WHY);
  assert_notes("inner why");
  avow_deferred_drop(d);
}

static avow_value_t cancel_for_rain(const avow_value_t *arg, void *p) {
  avow_cancel_with(*(avow_promise_t **) p, rain());
  return avow_error(UV_ECANCELED);
}

static void handler_that_returns_ecanceled_keeps_the_reason(void **state) {
  avow_promise_t *p;
  p = avow_then(avow_promise_resolve(loop, avow_none()), cancel_for_rain, NULL,
                &p);

  assert_says(p, UV_ECANCELED, WHY);
}

static avow_value_t give_1(const avow_value_t *arg, void *data) {
  return avow_int(1);
}

static void catch_discards_the_reason(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_catch(pending(&d), give_1, NULL);
  avow_promise_t *q = avow_then(avow_ref(p), begin_anew, NULL, &d);
  avow_deferred_t *first = d;

  avow_cancel_with(p, rain()); /* q is not canceled */

  assert_fulfills_int(p, 1);
  avow_deferred_drop(first);
  run();
  avow_cancel(q);
  assert_says(q, UV_ECANCELED, "operation canceled");
  assert_notes("inner plain");
  avow_deferred_drop(d);
}

static void first_reason_is_kept(void **state) {
  avow_deferred_t *d = NULL;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, begin_anew, NULL, &d);

  avow_cancel_with(p, rain());
  avow_cancel_with(p, avow_string("it snows"));

  assert_says(p, UV_ECANCELED, WHY);
  assert_notes("inner why");
  avow_deferred_drop(d);
}

typedef struct {
  avow_promise_t *plain, *other;
} both_t;

static void cancel_both(void *data) {
  const both_t *both = data;
  avow_cancel_with(both->other, avow_string("it snows"));
  avow_cancel(both->plain);
  note("said");
}

static void cancel_in_a_callback_inherits_the_reason_by_default(void **state) {
  avow_deferred_t *d, *e, *f;
  both_t both = { noting(pending(&e), "plain"), noting(pending(&f), "other") };
  avow_promise_t *p = noting(pending(&d), "p");
  avow_on_cancel(d, cancel_both, &both);

  avow_cancel_with(p, rain());

  assert_says(both.other, UV_ECANCELED, "operation canceled: it snows");
  assert_says(both.plain, UV_ECANCELED, WHY);
  assert_says(p, UV_ECANCELED, WHY);
  assert_notes("said p why plain why other plain");
  avow_deferred_drop(d);
  avow_deferred_drop(e);
  avow_deferred_drop(f);
}

static void next_cancellation_does_not_inherit_the_reason(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000), *q = avow_sleep(loop, 60000);

  avow_cancel_with(p, rain());
  avow_cancel(q);

  assert_says(p, UV_ECANCELED, WHY);
  assert_says(q, UV_ECANCELED, "operation canceled");
}

static void until_cancels_with_the_reason_of_its_stop(void **state) {
  avow_deferred_t *d, *stop_d;
  avow_promise_t *stop = pending(&stop_d);
  avow_promise_t *p = avow_until(noting(pending(&d), "p"), stop);

  (void) avow_reject(stop_d, rain());

  assert_says(p, UV_EAGAIN, "it rains");
  assert_notes("p why");
  avow_deferred_drop(d);
  avow_unref(stop);
}

static avow_value_t note_timeout(const avow_value_t *error, void *data) {
  note(avow_is_timeout(avow_error_cause(error)) ? "late" : "?");
  return avow_value_ref(error);
}

static void timeout_is_the_cancellation_reason(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_catch(pending(&d), note_timeout, NULL);
  p = avow_timeout(p, 1);

  const avow_value_t v = avow_run(p);

  assert_true(avow_is_timeout(&v));
  assert_notes("late");
  avow_value_unref(v);
  avow_deferred_drop(d);
}

static void child_failure_is_the_reason_for_its_siblings(void **state) {
  avow_deferred_t *d, *bad;
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, noting(pending(&d), "child"));
  avow_group_add(g, pending(&bad));
  avow_group_unref(g);

  (void) avow_reject(bad, rain());

  assert_says(p, UV_EAGAIN, "it rains");
  assert_notes("child why");
  avow_deferred_drop(d);
}

static avow_value_t item_of_two(size_t i, void *d) {
  if (i == 0)
    return avow_follow(noting(pending(d), "item"));
  return rain();
}

static void item_failure_is_the_reason_for_other_items(void **state) {
  const avow_map_options_t both = { .concurrency = 2, .cancels = true };
  avow_deferred_t *d = NULL;

  avow_promise_t *p = avow_map(loop, 2, item_of_two, &d, &both);

  assert_says(p, UV_EAGAIN, "it rains");
  assert_notes("item why");
  avow_deferred_drop(d);
}

static void note_destroyed(void *word) {
  note(word);
}

static void reason_is_released_after_all_rejections(void **state) {
  static const avow_class_t klass = { .name = "weather",
                                      .destroy = note_destroyed };
  avow_promise_t *p = avow_sleep(loop, 60000);

  avow_cancel_with(p, avow_object(&klass, "gone"));
  note("canceled");
  avow_unref(p);
  p = avow_promise_resolve(loop, avow_int(1));
  avow_cancel_with(p, avow_object(&klass, "unheard"));
  avow_unref(p);

  assert_notes("canceled gone unheard");
}

static void cancel_it(void *p) {
  avow_cancel(*(avow_promise_t **) p);
  note("gone");
}

static void released_reason_may_cancel_its_promise(void **state) {
  static const avow_class_t klass = { .name = "weather", .destroy = cancel_it };
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  p = avow_then(p, NULL, NULL, NULL);

  avow_cancel_with(p, avow_object(&klass, &p)); /* its value is on its way */
  run();

  assert_notes("gone");
  assert_fulfills_int(p, 1);
}

static void reason_is_dropped_when_out_of_memory(void **state) {
  avow_deferred_t *d = NULL;
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_promise_t *q = avow_shield(avow_sleep(loop, 0));
  q = avow_then(q, begin_anew, NULL, &d);
  const avow_value_t reason = rain(), again = rain();

  use_up_memory();
  avow_cancel_with(p, reason);
  give_back_memory();
  fail_allocation(2, true); /* memory suffices for the error only */
  avow_cancel_with(q, again);
  fail_allocation(0, false);

  assert_says(p, UV_ECANCELED, "operation canceled");
  assert_says(q, UV_ECANCELED, "operation canceled");
  assert_notes("inner plain");
  avow_deferred_drop(d);
}

/* When the value is on its way, the two promises are merged and one block is
   freed. */
static void reason_is_released_when_adoptions_are_joined(void **state) {
  avow_deferred_t *outer_d, *inner_d;
  avow_promise_t *outer = pending(&outer_d);
  (void) avow_resolve(outer_d, avow_follow(pending(&inner_d)));
  avow_ignore(avow_run(avow_next_iteration(loop)));
  avow_promise_t *one = avow_promise_resolve(loop, avow_int(1));
  (void) avow_resolve(inner_d, avow_follow(one));

  avow_cancel_with(outer, rain());

  assert_fulfills_int(outer, 1);
}

typedef struct {
  avow_frame_t frame;
  avow_deferred_t *d;
} stepping_t;

static avow_value_t step_twice(const avow_value_t *got, void *data) {
  stepping_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, pending(&me->d));
  avow_value_unref(note_why(got, "first"));
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 1));
  return note_value_cb(got, "second");
  AVOW_END;
}

static void stackless_function_receives_the_reason_once(void **state) {
  stepping_t me = { .d = NULL };
  avow_promise_t *p = avow_stackless(loop, step_twice, &me.frame);

  avow_cancel_with(p, rain());

  assert_fulfills_none(p);
  assert_notes("first why second=none");
  avow_deferred_drop(me.d);
}

#ifndef AVOW_NO_ASYNC

static void await_and_note(avow_promise_t *p) {
  const avow_value_t v = avow_await(p);
  if (avow_is_error(&v))
    avow_value_unref(note_why(&v, "got"));
  avow_value_unref(v);
}

static avow_value_t await_some(void *shared) {
  await_and_note(avow_ref(shared));
  await_and_note(avow_sleep(loop, 1));
  await_and_note(avow_shield(avow_sleep(loop, 0)));
  await_and_note(avow_sleep(loop, 1));
  return avow_error(UV_ECANCELED);
}

/* The first awaited promise has another holder and stays pending. */
static void await_returns_the_reason_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = pending(&d);
  avow_promise_t *p = avow_async(loop, await_some, shared);

  avow_cancel_with(p, rain());

  assert_says(p, UV_ECANCELED, "operation canceled");
  assert_notes("got why");
  assert_int_equal(avow_state(shared), AVOW_PENDING);
  avow_unref(shared);
  avow_deferred_drop(d);
}

static avow_value_t cancel_oneself(void *p) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* p is set by then */
  avow_cancel_with(*(avow_promise_t **) p, rain());
  return avow_await(avow_sleep(loop, 60000));
}

static void running_function_gets_the_reason_at_its_next_await(void **state) {
  avow_promise_t *p = NULL;
  p = avow_async(loop, cancel_oneself, &p);

  assert_says(p, UV_ECANCELED, WHY);
}

static avow_value_t await_for_ever(void *data) {
  avow_value_t v = avow_none();
  while (!avow_is_error(&v) || avow_error_code(&v) == UV_ECANCELED) {
    avow_value_unref(v);
    v = avow_await(avow_sleep(loop, 60000));
  }
  return v;
}

static void closing_loop_releases_the_reason(void **state) {
  avow_promise_t *p = avow_async(loop, await_for_ever, NULL);

  avow_cancel_with(p, rain());
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0); /* for the fixture */
}

#endif

static avow_value_t shielded(size_t i, void *p) {
  return avow_follow(avow_shield(avow_ref(p)));
}

/* The map waits for a shielded child. Only the end of the child settles the
   map. */
static void reason_is_released_when_a_canceled_map_ends(void **state) {
  avow_deferred_t *d;
  avow_promise_t *inner = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_map(loop, 1, shielded, inner, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel_with(p, avow_string("once"));
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel_with(p, avow_string("again"));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_resolve(d, avow_none());

  assert_rejects(p, UV_ECANCELED);
  avow_unref(inner);
}

SUITE(cancel_reason) {
  const struct CMUnitTest tests[] = {
    CASE(canceled_promise_reports_the_reason),
    CASE(reason_may_be_any_value),
    CASE(reason_passes_down_the_chain),
    CASE(inputs_and_children_receive_the_reason),
    CASE(reason_is_kept_while_earlier_handlers_run),
    CASE(handler_that_returns_ecanceled_keeps_the_reason),
    CASE(catch_discards_the_reason),
    CASE(first_reason_is_kept),
    CASE(cancel_in_a_callback_inherits_the_reason_by_default),
    CASE(next_cancellation_does_not_inherit_the_reason),
    CASE(until_cancels_with_the_reason_of_its_stop),
    CASE(timeout_is_the_cancellation_reason),
    CASE(child_failure_is_the_reason_for_its_siblings),
    CASE(item_failure_is_the_reason_for_other_items),
    CASE(reason_is_released_after_all_rejections),
    CASE(released_reason_may_cancel_its_promise),
    CASE(reason_is_dropped_when_out_of_memory),
    CASE(reason_is_released_when_adoptions_are_joined),
    CASE(stackless_function_receives_the_reason_once),
    CASE(reason_is_released_when_a_canceled_map_ends),
#ifndef AVOW_NO_ASYNC
    CASE(await_returns_the_reason_once),
    CASE(running_function_gets_the_reason_at_its_next_await),
    CASE(closing_loop_releases_the_reason),
#endif
  };
  return RUN(tests);
}
