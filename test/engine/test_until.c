/* SPDX-License-Identifier: MIT */
/* Waiting until another promise settles: avow_until() and avow_timeout(). */
#include "harness.h"

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

static avow_value_t slow_clean_up(void *p) {
  note("cleaning");
  return avow_follow(p);
}

static void until_settles_as_its_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *stop = pending(&d, "stop");

  assert_fulfills_int(avow_until(resolved(1), stop), 1);
  avow_promise_t *failing = avow_promise_reject(loop, avow_error(UV_EIO));
  assert_rejects(avow_until(failing, stop), UV_EIO);

  assert_int_equal(avow_state(stop), AVOW_PENDING);
  assert_notes("");
  avow_deferred_drop(d);
  avow_unref(avow_catch(stop, recover, "broken"));
}

static void until_rejects_with_the_reason_of_its_stop(void **state) {
  avow_deferred_t *stop_d, *d, *e;
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_promise_t *p = avow_until(pending(&d, "a"), stop);
  avow_promise_t *q = avow_until(pending(&e, "b"), stop);

  assert_true(avow_reject(stop_d, avow_error(UV_ESHUTDOWN)));

  assert_rejects(p, UV_ESHUTDOWN);
  assert_rejects(q, UV_ESHUTDOWN);
  assert_notes("a b");
  avow_deferred_drop(d);
  avow_deferred_drop(e);
  avow_unref(stop);
}

/* When the until settles, the program may free what the handlers of p use. */
static void until_waits_for_handlers_of_the_canceled_promise(void **state) {
  avow_deferred_t *d, *stop_d, *cleaning;
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_promise_t *p = avow_then(pending(&d, "work"), NULL, note_cb, "then");
  p = avow_finally(p, slow_clean_up, pending(&cleaning, "disturbed"));
  p = avow_attach(avow_until(p, stop), "freed", note_free);

  assert_true(avow_resolve(stop_d, avow_none()));
  run();
  assert_notes("work then cleaning");
  assert_true(avow_resolve(cleaning, avow_none()));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("freed");
  avow_deferred_drop(d);
  avow_unref(stop);
}

static void until_does_not_wait_for_a_shared_promise(void **state) {
  avow_deferred_t *d, *stop_d;
  avow_promise_t *held = pending(&d, "work");
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_promise_t *p = avow_until(avow_ref(held), stop);

  assert_true(avow_reject(stop_d, avow_error(UV_ESHUTDOWN)));

  assert_rejects(p, UV_ESHUTDOWN);
  assert_int_equal(avow_state(held), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(held, 1);
  avow_unref(stop);
}

static void value_that_settles_before_the_stop_job_is_kept(void **state) {
  avow_deferred_t *d, *stop_d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_unref(avow_then(avow_ref(stop), note_cb, NULL, "stop"));
  p = avow_until(p, stop);

  assert_true(avow_resolve(stop_d, avow_none()));
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(p, 1);
  assert_notes("stop");
  avow_unref(stop);
}

static void canceled_until_does_not_cancel_its_stop(void **state) {
  avow_deferred_t *d, *e, *stop_d;
  avow_promise_t *stop = pending(&stop_d, "stop");
  avow_promise_t *held = pending(&e, "held");
  avow_promise_t *p = avow_until(pending(&d, "work"), stop);
  avow_promise_t *q = avow_until(avow_ref(held), stop);

  avow_cancel(p);
  avow_cancel(q);

  assert_rejects(p, UV_ECANCELED);
  assert_rejects(q, UV_ECANCELED);
  assert_notes("work");
  avow_deferred_drop(d);
  assert_true(avow_resolve(e, avow_none()));
  assert_true(avow_resolve(stop_d, avow_none()));
  avow_unref(held);
  avow_unref(stop);
}

/* The stop has no other holder. It is canceled with the until, and the
   cancellation stops at the until itself. */
static void until_settles_if_its_stop_waits_for_it(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *until = avow_promise_new(loop, &d);
  avow_promise_t *stop = avow_then(avow_ref(until), note_cb, NULL, "stop");
  avow_promise_t *p = avow_until(pending(&e, "work"), stop);
  avow_unref(stop);
  assert_true(avow_resolve(d, avow_follow(p)));
  avow_unref(until);
  run();

  assert_true(avow_resolve(e, avow_int(1)));
  run();

  assert_notes("stop"); /* its input had settled */
}

static void until_is_canceled_when_its_stop_fulfills(void **state) {
  avow_deferred_t *d;
  avow_promise_t *stop = resolved(1);

  avow_promise_t *p = avow_until(pending(&d, "work"), stop);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("work");
  avow_deferred_drop(d);
  avow_unref(stop);
}

static void cancel_fn(void *p) {
  avow_cancel(p);
}

static const avow_class_t canceler = { .name = "canceler",
                                       .destroy = cancel_fn };

static void released_stop_value_may_cancel_the_until(void **state) {
  avow_deferred_t *d, *stop_d;
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_promise_t *p = avow_until(pending(&d, "work"), stop);
  avow_unref(stop);

  assert_true(avow_resolve(stop_d, avow_object(&canceler, p)));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("work");
  avow_deferred_drop(d);
}

/* In this case p leaves the work to its other holder and waits for no
   promise. */
static void released_stop_value_may_cancel_with_a_shared_input(void **state) {
  avow_deferred_t *d, *stop_d;
  avow_promise_t *stop = avow_promise_new(loop, &stop_d);
  avow_promise_t *work = pending(&d, "work");
  avow_promise_t *p = avow_until(avow_ref(work), stop);
  avow_unref(stop);

  assert_true(avow_resolve(stop_d, avow_object(&canceler, p)));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("");
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(work);
}

/* A stop that has already settled. */

static void settled_stop_cancels_inside_the_call(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *failed = avow_promise_reject(loop, avow_error(UV_ESHUTDOWN));
  avow_promise_t *fulfilled = resolved(1);

  avow_promise_t *p = avow_until(pending(&d, "a"), failed);
  avow_promise_t *q = avow_until(pending(&e, "b"), fulfilled);

  assert_notes("a b");
  assert_rejects(p, UV_ESHUTDOWN);
  assert_rejects(q, UV_ECANCELED);
  avow_deferred_drop(d);
  avow_deferred_drop(e);
  avow_unref(failed);
  avow_unref(fulfilled);
}

static void settled_stop_does_not_change_a_settled_promise(void **state) {
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_ESHUTDOWN));

  assert_fulfills_int(avow_until(resolved(1), stop), 1);

  avow_unref(stop);
}

static void settled_stop_does_not_cancel_a_shared_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *held = pending(&d, "work");
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_ESHUTDOWN));

  avow_promise_t *p = avow_until(avow_ref(held), stop);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ESHUTDOWN);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(held, 1);
  avow_unref(stop);
}

static avow_value_t map_fn(size_t i, void *word) {
  return note_fn(word);
}

static void assert_never_begins(avow_promise_t *p) {
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_ESHUTDOWN));

  assert_rejects(avow_until(p, stop), UV_ESHUTDOWN);

  assert_notes("");
  avow_unref(stop);
}

static void settled_stop_prevents_the_start_of_work(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_once_t *once = avow_once_new(loop, note_fn, "once", NULL);

  assert_never_begins(avow_repeat(loop, note_fn, "repeat"));
  assert_never_begins(avow_limiter_run(limiter, note_fn, "limiter"));
  assert_never_begins(avow_retry(loop, note_fn, "retry", NULL));
  assert_never_begins(avow_map(loop, 3, map_fn, "map", NULL));
  assert_never_begins(avow_once_get(once));

  assert_fulfills_none(avow_limiter_run(limiter, note_fn, "limiter"));
  assert_fulfills_none(avow_once_get(once));
  assert_notes("limiter once");
  avow_limiter_unref(limiter);
  avow_once_unref(once);
}

static void timeout_rejects_and_cancels(void **state) {
  avow_deferred_t *d;

  assert_rejects(avow_timeout(pending(&d, "work"), 1), UV_ETIMEDOUT);

  assert_notes("work");
  avow_deferred_drop(d);
}

static void timeout_error_has_a_message(void **state) {
  avow_deferred_t *d;

  const avow_value_t v = avow_run(avow_timeout(pending(&d, "work"), 2));

  assert_string_equal(avow_error_message(&v), "timed out");
  avow_value_unref(v);
  avow_deferred_drop(d);
}

static void timeout_stops_its_timer_when_its_promise_settles(void **state) {
  assert_fulfills_int(avow_timeout(resolved(1), 100000), 1);

  assert_false(uv_loop_alive(loop));
}

/* Takes all promises that need no allocation, except the last `spare` ones. */
static size_t hoard(avow_promise_t *ps[], size_t max, size_t spare) {
  size_t n = 0;
  fail_allocation(1, true);
  while (n < max && !allocation_failed())
    ps[n++] = avow_promise_resolve(loop, avow_none());
  for (; spare > 0 && n > 0; spare--)
    avow_unref(ps[--n]);
  return n;
}

static void timeout_without_memory_leaves_no_timer(void **state) {
  enum { MAX = 1000 };
  avow_promise_t *ps[MAX];
  avow_deferred_t *d;
  assert_fulfills_none(avow_sleep(loop, 0)); /* makes the timer wheel */
  avow_promise_t *p = avow_promise_new(loop, &d);
  const size_t n = hoard(ps, MAX, 2); /* the last one is a substitute */

  p = avow_timeout(p, 1000000);

  assert_rejects(p, UV_ENOMEM);
  run();
  for (size_t i = 0; i < n; i++)
    avow_unref(ps[i]);
  avow_deferred_drop(d);
}

static void canceled_timeout_cancels_its_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_timeout(pending(&d, "work"), 100000);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("work");
  assert_false(uv_loop_alive(loop));
  avow_deferred_drop(d);
}

SUITE(until) {
  const struct CMUnitTest tests[] = {
    CASE(until_settles_as_its_promise),
    CASE(until_rejects_with_the_reason_of_its_stop),
    CASE(until_waits_for_handlers_of_the_canceled_promise),
    CASE(until_does_not_wait_for_a_shared_promise),
    CASE(value_that_settles_before_the_stop_job_is_kept),
    CASE(canceled_until_does_not_cancel_its_stop),
    CASE(until_settles_if_its_stop_waits_for_it),
    CASE(until_is_canceled_when_its_stop_fulfills),
    CASE(released_stop_value_may_cancel_the_until),
    CASE(released_stop_value_may_cancel_with_a_shared_input),
    CASE(settled_stop_cancels_inside_the_call),
    CASE(settled_stop_does_not_change_a_settled_promise),
    CASE(settled_stop_does_not_cancel_a_shared_promise),
    CASE(settled_stop_prevents_the_start_of_work),
    CASE(timeout_rejects_and_cancels),
    CASE(timeout_error_has_a_message),
    CASE(timeout_stops_its_timer_when_its_promise_settles),
    CASE(timeout_without_memory_leaves_no_timer),
    CASE(canceled_timeout_cancels_its_promise),
  };
  return RUN(tests);
}
