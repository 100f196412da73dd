/* SPDX-License-Identifier: MIT */
/* Async functions that are canceled, and async functions when their loop
   closes. */
#include "awaiting.h"

static avow_value_t give_5(void *data) {
  note("ran");
  return avow_int(5);
}

static avow_value_t give_6(const avow_value_t *arg, void *data) {
  return avow_int(6);
}

static avow_value_t await_and_clean_up(void *promise) {
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "got"));
  const avow_value_t w = avow_await(avow_shield(avow_sleep(loop, 0)));
  avow_value_unref(note_value_cb(&w, "cleaned"));
  return v;
}

static void cancel_rejects_the_await_and_cleanup_may_await(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, note_free, "stop");
  p = avow_async(loop, await_and_clean_up, p);

  assert_cancel_reaches(p, d);
}

static void cancel_keeps_a_promise_with_other_references(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_async(loop, await_and_clean_up, avow_ref(shared));

  assert_cancel_leaves(p, shared, d);
}

static void cancel_keeps_the_value_of_a_settled_await(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(4));
  p = avow_async(loop, await_and_clean_up, p);

  avow_cancel(p);

  assert_fulfills_int(p, 4);
  assert_notes("got=4 cleaned=none");
}

static avow_promise_t *self;

static avow_value_t await_twice(void *promises) {
  avow_promise_t **p = promises;
  for (int i = 0; i < 2; i++) {
    const avow_value_t v = avow_await(p[i]);
    avow_value_unref(note_value_cb(&v, "got"));
    avow_cancel(self); /* joins the first cancellation */
    avow_value_unref(v);
  }
  return avow_await(avow_promise_resolve(loop, avow_int(8)));
}

static avow_promise_t *stoppable(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, "stop");
  return p;
}

static void cleanup_is_not_canceled_by_the_same_cancellation(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p[] = { stoppable(&d), stoppable(&cleaning) };
  self = avow_async(loop, await_twice, p);

  avow_cancel(self);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);
  assert_true(avow_resolve(cleaning, avow_int(1)));

  assert_fulfills_int(self, 8);
  assert_notes("stop got=ECANCELED got=1");
  avow_deferred_drop(d);
}

static void later_cancellation_cancels_the_cleanup(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p[] = { stoppable(&d), stoppable(&cleaning) };
  self = avow_async(loop, await_twice, p);
  avow_cancel(self);
  run();

  avow_cancel(self);

  assert_fulfills_int(self, 8);
  assert_notes("stop got=ECANCELED stop got=ECANCELED");
  avow_deferred_drop(d);
  avow_deferred_drop(cleaning);
}

static avow_value_t recover(const avow_value_t *arg, void *data) {
  return avow_int(5);
}

static avow_value_t await_both(void *promises) {
  avow_promise_t **p = promises;
  const avow_value_t v = avow_await(p[0]);
  avow_value_unref(note_value_cb(&v, "got"));
  return avow_await(p[1]);
}

/* A handler of avow_then() would not receive the cancellation either. */
static void caught_cancellation_does_not_reach_the_function(void **state) {
  avow_deferred_t *d, *next;
  avow_promise_t *p[] = { avow_catch(stoppable(&d), recover, NULL),
                          stoppable(&next) };
  avow_promise_t *whole = avow_async(loop, await_both, p);

  avow_cancel(whole);
  run();
  assert_int_equal(avow_state(whole), AVOW_PENDING);
  assert_true(avow_resolve(next, avow_int(6)));

  assert_fulfills_int(whole, 6);
  assert_notes("stop got=5");
  avow_deferred_drop(d);
}

static avow_value_t cancel_itself(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  avow_cancel(self);
  const avow_value_t v = avow_await(avow_sleep(loop, 60000));
  avow_value_unref(note_value_cb(&v, "next"));
  return avow_await(avow_promise_resolve(loop, avow_int(8)));
}

static void canceling_a_running_function_cancels_its_next_await(void **state) {
  self = avow_async(loop, cancel_itself, NULL);

  assert_fulfills_int(self, 8);
  assert_notes("next=ECANCELED");
}

static avow_value_t cancel_and_follow(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  avow_cancel(self);
  return avow_follow(avow_sleep(loop, 60000));
}

static void canceling_a_running_function_cancels_its_result(void **state) {
  self = avow_async(loop, cancel_and_follow, NULL);

  assert_rejects(self, UV_ECANCELED);
}

static avow_value_t await_itself(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  return avow_await(avow_ref(self));
}

static void function_awaiting_itself_can_be_canceled(void **state) {
  self = avow_async(loop, await_itself, NULL);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);

  avow_cancel(self);

  assert_rejects(self, UV_ECANCELED);
}

typedef struct {
  avow_promise_t *self; /* its attach releases the object */
} lone_t;

static avow_value_t await_own(void *data) {
  lone_t *lone = data;
  avow_value_unref(avow_await(avow_promise_resolve(loop, avow_none())));
  const avow_value_t v = avow_await(lone->self);
  lone->self = NULL; /* the object is not freed yet */
  return note_value_cb(&v, "got");
}

static avow_value_t await_and_follow(void *promise) {
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "got"));
  avow_value_unref(v);
  return avow_follow(avow_then(avow_sleep(loop, 1), give_6, NULL, NULL));
}

static void canceled_function_may_follow_a_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_async(loop, await_and_follow, p);

  avow_cancel(p);

  assert_fulfills_int(p, 6);
  assert_notes("got=ECANCELED");
  avow_deferred_drop(d);
}

static void free_lone(void *data) {
  lone_t *lone = data;
  note(lone->self == NULL ? "freed" : "freed too early");
  free(lone);
}

static avow_promise_t *lone_new(void) {
  lone_t *lone = calloc(1, sizeof(*lone));
  assert_non_null(lone);
  lone->self = avow_attach(avow_async(loop, await_own, lone), lone, free_lone);
  return lone->self;
}

/* The function awaits its own promise. In JavaScript it would wait forever and
   keep all objects that it needs. */
static void self_awaiting_function_ends_before_its_data_on_cancel(
    void **state) {
  avow_cancel(lone_new());

  run();

  assert_notes("got=ECANCELED freed");
}

static void self_awaiting_function_ends_before_its_data_on_close(void **state) {
  (void) lone_new(); /* holds a reference to itself */
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("got=ECANCELED freed");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void cancel_of_an_ended_function_does_nothing(void **state) {
  avow_promise_t *p = avow_async(loop, give_5, NULL);

  avow_cancel(p);

  assert_fulfills_int(p, 5);
  assert_notes("ran");
}

static void timeout_cancels_the_await(void **state) {
  avow_promise_t *p =
      avow_async(loop, await_and_clean_up, avow_sleep(loop, 60000));

  assert_rejects(avow_timeout(p, 1), UV_ETIMEDOUT);
  assert_notes("got=ECANCELED cleaned=none");
}

/* Closing the loop. */

/* Parks fn on a loop of its own and closes that loop. Returns the error that fn
   ended with. */
static int end_of(avow_fn fn, void *data) {
  uv_loop_t *const shared = loop;
  uv_loop_t own;
  loop = &own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  avow_promise_t *p = avow_async(&own, fn, data);
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  const int code = avow_error_code(avow_result(p));
  avow_unref(p);
  assert_int_equal(uv_loop_close(&own), 0);
  loop = shared;
  return code;
}

static avow_value_t sleep_long(void *data) {
  const avow_value_t v = avow_await(avow_sleep(loop, 60000));
  avow_value_unref(note_value_cb(&v, "got"));
  const avow_value_t w = avow_await(avow_promise_resolve(loop, avow_int(1)));
  avow_value_unref(note_value_cb(&w, "cleaned"));
  return v;
}

static void closing_the_loop_unwinds_parked_functions(void **state) {
  assert_int_equal(end_of(sleep_long, NULL), UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=1");
}

static avow_value_t sleep_for_ever(void *data) {
  for (;;)
    avow_value_unref(avow_await(avow_sleep(loop, 60000)));
  return avow_none();
}

static avow_value_t await_none_for_ever(void *data) {
  for (;;)
    avow_value_unref(avow_await(avow_promise_resolve(loop, avow_none())));
  return avow_none();
}

static void closing_the_loop_abandons_endless_functions(void **state) {
  assert_int_equal(end_of(sleep_for_ever, NULL), UV_ECANCELED);
  assert_int_equal(end_of(await_none_for_ever, NULL), UV_ECANCELED);
}

static avow_value_t await_one_for_ever(void *data) {
  avow_promise_t *one = avow_promise_resolve(loop, avow_int(1));
  avow_value_t v;
  do {
    v = avow_await(avow_ref(one));
  } while (!avow_is_error(&v));
  avow_value_unref(note_value_cb(&v, "got"));
  avow_unref(one);
  return v;
}

static void closing_the_loop_ends_awaits_of_settled_promises(void **state) {
  assert_int_equal(end_of(await_one_for_ever, NULL), UV_ECANCELED);
  assert_notes("got=ECANCELED");
}

SUITE(async_cancel) {
  const struct CMUnitTest tests[] = {
    CASE(cancel_rejects_the_await_and_cleanup_may_await),
    CASE(cancel_keeps_a_promise_with_other_references),
    CASE(cancel_keeps_the_value_of_a_settled_await),
    CASE(cleanup_is_not_canceled_by_the_same_cancellation),
    CASE(later_cancellation_cancels_the_cleanup),
    CASE(caught_cancellation_does_not_reach_the_function),
    CASE(canceling_a_running_function_cancels_its_next_await),
    CASE(canceling_a_running_function_cancels_its_result),
    CASE(function_awaiting_itself_can_be_canceled),
    CASE(canceled_function_may_follow_a_promise),
    CASE(self_awaiting_function_ends_before_its_data_on_cancel),
    CASE(self_awaiting_function_ends_before_its_data_on_close),
    CASE(cancel_of_an_ended_function_does_nothing),
    CASE(timeout_cancels_the_await),
    CASE(closing_the_loop_unwinds_parked_functions),
    CASE(closing_the_loop_abandons_endless_functions),
    CASE(closing_the_loop_ends_awaits_of_settled_promises),
  };
  return RUN(tests);
}
