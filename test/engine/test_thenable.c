/* SPDX-License-Identifier: MIT */
/* Thenables: objects whose class has a then function. */
#include "harness.h"

typedef struct {
  avow_deferred_t *deferred; /* kept if `keep` is set */
  int calls;
  bool keep, throws;
} foreign_t;

static avow_value_t foreign_then(void *self, avow_deferred_t *d) {
  foreign_t *foreign = self;
  foreign->calls++;
  note("then");
  if (foreign->keep)
    foreign->deferred = d;
  else
    (void) avow_resolve(d, avow_int(8)); /* false if it was resolved before */
  return foreign->throws ? avow_error(UV_EPROTO) : avow_none();
}

static const avow_class_t foreign_class = { .name = "foreign",
                                            .then = foreign_then };

/* 3f, 4 */
static void then_function_runs_in_its_own_job(void **state) {
  foreign_t foreign = { 0 };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  note("caller");

  assert_fulfills_int(p, 8);

  assert_notes("caller then");
  assert_int_equal(foreign.calls, 1);
}

/* 4 */
static void thenable_may_settle_later(void **state) {
  foreign_t foreign = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  run();

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(foreign.deferred, avow_int(9)));

  assert_fulfills_int(p, 9);
}

/* 4: an error that then() returns rejects the promise */
static void thenable_that_throws_rejects(void **state) {
  foreign_t foreign = { .keep = true, .throws = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));

  assert_rejects(p, UV_EPROTO);

  assert_false(avow_resolve(foreign.deferred, avow_int(1)));
}

/* 4: after a resolution the error is ignored */
static void thenable_that_resolves_and_throws_fulfills(void **state) {
  foreign_t foreign = { .throws = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));

  assert_fulfills_int(p, 8);
}

/* 1: the thenable gets a new pair; the first pair stays resolved */
static void first_deferred_stays_resolved_during_a_thenable(void **state) {
  foreign_t foreign = { .keep = true };
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_t *first = avow_deferred_ref(d);
  assert_true(avow_resolve(d, avow_object(&foreign_class, &foreign)));
  run();

  assert_false(avow_resolve(first, avow_int(1)));
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(foreign.deferred, avow_int(2)));

  assert_fulfills_int(p, 2);
}

static void thenable_that_drops_its_deferred_rejects(void **state) {
  foreign_t foreign = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  run();

  avow_deferred_drop(foreign.deferred);

  assert_rejects(p, AVOW_EBROKEN);
}

static void thenable_may_resolve_with_a_promise(void **state) {
  foreign_t foreign = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  run();

  avow_promise_t *inner = avow_promise_resolve(loop, avow_int(4));
  assert_true(avow_resolve(foreign.deferred, avow_follow(inner)));

  assert_fulfills_int(p, 4);
}

/* 4: resolves the promise with that same promise */
static void thenable_resolved_with_its_own_promise_rejects(void **state) {
  foreign_t foreign = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  run();

  assert_true(avow_resolve(foreign.deferred, avow_follow(avow_ref(p))));

  assert_rejects(p, AVOW_ECYCLE);
}

static void thenable_can_be_canceled_before_and_after_its_job(void **state) {
  foreign_t early = { .keep = true }, late = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &early));
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(early.calls, 0);

  p = avow_promise_resolve(loop, avow_object(&foreign_class, &late));
  run();
  avow_on_cancel(late.deferred, note_free, "stop");
  avow_cancel(p);

  assert_notes("then stop");
  assert_rejects(p, UV_ECANCELED);
  assert_false(avow_resolve(late.deferred, avow_int(1)));
}

static void loop_close_cancels_a_pending_thenable(void **state) {
  foreign_t foreign = { .keep = true };
  avow_promise_t *p =
      avow_promise_resolve(loop, avow_object(&foreign_class, &foreign));
  run();
  avow_on_cancel(foreign.deferred, note_free, "stop");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("then stop");
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_false(avow_resolve(foreign.deferred, avow_int(1)));
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Thenables that count their destruction and keep their deferred. */

static void count_destroy(void *self) {
  ++*(int *) self;
}

static avow_deferred_t *kept;

static avow_value_t keep_deferred(void *self, avow_deferred_t *d) {
  note("then");
  kept = d;
  return avow_int(7); /* ignored */
}

static const avow_class_t counted_class = { .name = "counted",
                                            .destroy = count_destroy,
                                            .then = keep_deferred };

/* Resolves a promise with a thenable that counts its destruction in
   `destroyed`. */
static avow_promise_t *adopt_counted(const avow_class_t *klass,
                                     int *destroyed) {
  *destroyed = 0;
  return avow_promise_resolve(loop, avow_object(klass, destroyed));
}

static void then_function_runs_once_in_a_job(void **state) {
  int destroyed;
  avow_promise_t *p = adopt_counted(&counted_class, &destroyed);

  note("caller");
  run();
  assert_notes("caller then");
  assert_int_equal(destroyed, 1);
  assert_true(avow_resolve(kept, avow_int(4)));

  assert_fulfills_int(p, 4);
}

static void thenable_may_resolve_with_another_thenable(void **state) {
  int first, second = 0;
  avow_promise_t *p = adopt_counted(&counted_class, &first);

  run();
  assert_true(avow_resolve(kept, avow_object(&counted_class, &second)));
  run();
  assert_true(avow_reject(kept, avow_error(UV_EPERM)));

  assert_rejects(p, UV_EPERM);
  assert_int_equal(second, 1);
}

static void thenable_that_drops_its_deferred_breaks_the_promise(void **state) {
  int destroyed;
  avow_promise_t *p = adopt_counted(&counted_class, &destroyed);

  run();
  avow_deferred_drop(kept);

  assert_rejects(p, AVOW_EBROKEN);
}

static avow_value_t throw_late(void *self, avow_deferred_t *d) {
  avow_deferred_drop(d);
  return avow_error_new(UV_EIO, avow_none(), "thrown");
}

static avow_value_t answer_and_throw(void *self, avow_deferred_t *d) {
  assert_true(avow_resolve(d, avow_int(5)));
  return avow_error_new(UV_EIO, avow_none(), "too late");
}

static void error_of_a_then_function_rejects(void **state) {
  static const avow_class_t throwing = { .name = "throwing",
                                         .destroy = count_destroy,
                                         .then = throw_late };
  int destroyed;

  assert_rejects(adopt_counted(&throwing, &destroyed), UV_EIO);

  assert_int_equal(destroyed, 1);
}

static void error_after_a_resolve_is_released(void **state) {
  static const avow_class_t hasty = { .name = "hasty",
                                      .destroy = count_destroy,
                                      .then = answer_and_throw };
  int destroyed;

  assert_fulfills_int(adopt_counted(&hasty, &destroyed), 5);

  assert_int_equal(destroyed, 1);
}

SUITE(thenable) {
  const struct CMUnitTest tests[] = {
    CASE(then_function_runs_in_its_own_job),
    CASE(thenable_may_settle_later),
    CASE(thenable_that_throws_rejects),
    CASE(thenable_that_resolves_and_throws_fulfills),
    CASE(first_deferred_stays_resolved_during_a_thenable),
    CASE(thenable_that_drops_its_deferred_rejects),
    CASE(thenable_may_resolve_with_a_promise),
    CASE(thenable_resolved_with_its_own_promise_rejects),
    CASE(thenable_can_be_canceled_before_and_after_its_job),
    CASE(loop_close_cancels_a_pending_thenable),
    CASE(then_function_runs_once_in_a_job),
    CASE(thenable_may_resolve_with_another_thenable),
    CASE(thenable_that_drops_its_deferred_breaks_the_promise),
    CASE(error_of_a_then_function_rejects),
    CASE(error_after_a_resolve_is_released),
  };
  return RUN(tests);
}
