/* SPDX-License-Identifier: MIT */
/*
 * Depth: long chains and deeply nested combinators on a stack of 64 KiB.
 * Recursion over them would overflow it.
 */
#include "avow/stackless.h"

#include "deep.h"

static avow_value_t add_one(const avow_value_t *arg, void *data) {
  return avow_int(avow_to_int(arg) + 1);
}

static avow_value_t follow_one(const avow_value_t *arg, void *data) {
  const avow_value_t next = avow_int(avow_to_int(arg) + 1);
  return avow_follow(avow_promise_resolve(loop, next));
}

static avow_value_t follow_later(const avow_value_t *arg, void *data) {
  const avow_value_t next = avow_int(avow_to_int(arg));
  avow_promise_t *p = avow_promise_resolve(loop, next);
  return avow_follow(avow_then(p, add_one, NULL, NULL));
}

static avow_value_t throw_again(const avow_value_t *arg, void *data) {
  count++;
  return avow_value_ref(arg);
}

static avow_value_t count_fn(void *data) {
  count++;
  return avow_none();
}

static avow_value_t follow_fn(void *data) {
  count++;
  return avow_follow(avow_promise_resolve(loop, avow_none()));
}

static avow_promise_t *thens(avow_promise_t *p, avow_cb cb) {
  for (int i = 0; i < links; i++)
    p = avow_then(p, cb, NULL, NULL);
  return p;
}

static avow_promise_t *finallys(avow_promise_t *p, avow_fn fn) {
  for (int i = 0; i < links; i++)
    p = avow_finally(p, fn, NULL);
  return p;
}

DEEP(long_chain_fulfills) {
  avow_deferred_t *d;
  avow_promise_t *p = thens(avow_promise_new(loop, &d), add_one);

  (void) avow_resolve(d, avow_int(0));

  expect_int(p, links);
}

DEEP(rejection_passes_through_a_long_chain) {
  avow_deferred_t *d;
  avow_promise_t *p = thens(avow_promise_new(loop, &d), add_one);

  (void) avow_reject(d, avow_error_new(UV_EIO, avow_none(), "disk on fire"));

  expect_code(p, UV_EIO);
}

DEEP(every_handler_of_a_chain_may_throw_again) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < links; i++)
    p = avow_catch(p, throw_again, NULL);

  (void) avow_reject(d, avow_error_new(UV_EIO, avow_none(), "disk on fire"));

  expect_code(p, UV_EIO);
  expect(count == links, "each handler ran once");
}

DEEP(every_handler_may_return_a_settled_promise) {
  avow_promise_t *p =
      thens(avow_promise_resolve(loop, avow_int(0)), follow_one);

  expect_int(p, links);
}

DEEP(every_handler_may_return_a_pending_promise) {
  avow_deferred_t *d;
  avow_promise_t *p = thens(avow_promise_new(loop, &d), follow_later);

  (void) avow_resolve(d, avow_int(0));

  expect_int(p, links);
}

DEEP(every_finally_of_a_long_chain_may_wait) {
  avow_deferred_t *d;
  avow_promise_t *p = finallys(avow_promise_new(loop, &d), follow_fn);

  (void) avow_resolve(d, avow_int(links));

  expect_int(p, links);
  expect(count == links, "each handler ran once");
}

DEEP(attached_data_of_a_long_chain_is_freed) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < links; i++)
    p = avow_attach(p, NULL, count_end);

  (void) avow_resolve(d, avow_int(links));

  expect_int(p, links);
  expect(count == links, "each was freed once");
}

/* Resolves each promise with the one made before it. Stores the deferred of the
   first promise in *out. */
static avow_promise_t *adopt_upwards(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  for (int i = 0; i < links; i++) {
    avow_deferred_t *d;
    avow_promise_t *next = avow_promise_new(loop, &d);
    (void) avow_resolve(d, avow_follow(p));
    p = next;
  }
  return p;
}

/* Resolves each promise with one made after it. Each promise waits before the
   next one does. */
static avow_promise_t *adopt_downwards(avow_deferred_t **out) {
  avow_promise_t *last = avow_promise_new(loop, out);
  for (int i = 0; i < links; i++) {
    avow_deferred_t *d;
    avow_promise_t *before = avow_promise_new(loop, &d);
    (void) avow_resolve(*out, avow_follow(before));
    *out = d;
  }
  return last;
}

/* Resolves each promise with the one made before it. Each promise has another
   holder, which prevents the merging of adoptions. */
static avow_promise_t *adopt_shared(avow_deferred_t **out,
                                    avow_promise_t **held) {
  avow_promise_t *p = avow_promise_new(loop, out);
  for (int i = 0; i < links; i++) {
    avow_deferred_t *d;
    held[i] = avow_ref(p);
    avow_promise_t *next = avow_promise_new(loop, &d);
    (void) avow_resolve(d, avow_follow(p));
    p = next;
  }
  return p;
}

DEEP(promises_adopting_each_other_upwards_fulfill) {
  avow_deferred_t *d;
  avow_promise_t *p = adopt_upwards(&d);

  (void) avow_resolve(d, avow_int(7));

  expect_int(p, 7);
}

DEEP(promises_adopting_each_other_downwards_reject) {
  avow_deferred_t *d;
  avow_promise_t *p = adopt_downwards(&d);

  (void) avow_reject(d, avow_error(UV_EIO));

  expect_code(p, UV_EIO);
}

DEEP(shared_promises_adopting_each_other_fulfill) {
  avow_promise_t **held = malloc((size_t) links * sizeof(*held));
  avow_deferred_t *d;
  avow_promise_t *p = adopt_shared(&d, held);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* all wait for each other now */

  (void) avow_resolve(d, avow_int(7));

  expect_int(p, 7);
  for (int i = 0; i < links; i++)
    avow_unref(held[i]);
  free(held);
}

DEEP(canceling_an_adopter_rejects_the_topmost_promise) {
  avow_deferred_t *d;
  avow_promise_t *p = adopt_upwards(&d);
  avow_on_cancel(d, count_end, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* all wait for each other now */

  avow_cancel(p);

  expect_code(p, UV_ECANCELED);
  expect(count == 1, "the topmost heard of it");
  avow_deferred_drop(d);
}

/* Adds a finally after each then. */
static avow_promise_t *mixed(avow_promise_t *p) {
  for (int i = 0; i < links / 2; i++) {
    p = avow_then(p, add_one, NULL, NULL);
    p = avow_finally(p, count_fn, NULL);
  }
  return p;
}

DEEP(canceling_the_end_of_a_chain_runs_every_finally) {
  avow_deferred_t *d;
  avow_promise_t *p = mixed(avow_promise_new(loop, &d));
  avow_on_cancel(d, count_end, NULL);

  avow_cancel(p);

  expect(count == 1, "the topmost is rejected at once");
  expect_code(p, UV_ECANCELED);
  expect(count == 1 + links / 2, "each finally ran once");
  avow_deferred_drop(d);
}

static avow_value_t fail_fn(void *data) {
  count++;
  return avow_error(UV_EIO);
}

static avow_value_t cancel_anew(const avow_value_t *arg, void *data) {
  return avow_error(UV_ECANCELED);
}

/* Each finally could cancel all promises below it. Canceling them once is
   enough. */
DEEP(every_finally_of_a_canceled_chain_may_fail) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < links / 2; i++)
    p = avow_catch(avow_finally(p, fail_fn, NULL), cancel_anew, NULL);

  avow_cancel(p);

  expect_code(p, UV_ECANCELED);
  expect(count == links / 2, "each finally ran once");
  avow_deferred_drop(d);
}

DEEP(closing_the_loop_ends_a_pending_chain) {
  avow_deferred_t *d;
  avow_promise_t *p = mixed(avow_promise_new(loop, &d));

  expect_close_cancels(p, d);

  expect(count == links / 2, "each finally ran once");
}

DEEP(closing_the_loop_settles_adopting_promises) {
  avow_deferred_t *d;
  avow_promise_t *p = adopt_downwards(&d);

  expect_close_cancels(p, d);
}

DEEP(dropping_the_deferred_frees_a_pending_chain) {
  avow_deferred_t *d;
  avow_promise_t *p = mixed(avow_promise_new(loop, &d));

  avow_deferred_drop(d);

  expect_code(p, AVOW_EBROKEN);
  run_dry();
}

DEEP(released_chain_runs_to_its_end) {
  avow_deferred_t *d;
  avow_promise_t *p = mixed(avow_promise_new(loop, &d));

  avow_unref(p);
  (void) avow_resolve(d, avow_int(0));

  run_dry();
  expect(count == links / 2, "each finally ran once");
}

DEEP(unreferenced_chain_is_freed) {
  avow_deferred_t *d;
  avow_promise_t *p = mixed(avow_promise_new(loop, &d));

  avow_unref(p);
  avow_deferred_drop(d);

  run_dry();
  expect(unhandled == 1, "the end alone was unhandled");
}

DEEP(nested_reasons_are_freed) {
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  for (int i = 0; i < links; i++)
    p = avow_promise_reject(loop, avow_follow(p));

  avow_unref(p);

  run_dry();
  expect(unhandled == links + 1, "each was unhandled");
}

typedef avow_promise_t *(*combine_fn)(uv_loop_t *, avow_promise_t *const[],
                                      size_t);

/* Nests p in `levels` combinators. */
static avow_promise_t *nest(combine_fn combine, avow_promise_t *p) {
  for (int i = 0; i < levels; i++)
    p = combine(loop, &p, 1);
  return p;
}

static avow_promise_t *until(uv_loop_t *at, avow_promise_t *const ps[],
                             size_t n) {
  return avow_timeout(ps[0], 3600 * 1000);
}

static avow_promise_t *until_all(uv_loop_t *at, avow_promise_t *const ps[],
                                 size_t n) {
  avow_promise_t *limit = until(at, ps, n);
  return avow_all(at, &limit, n);
}

static avow_promise_t *race_to_lose(uv_loop_t *at, avow_promise_t *const ps[],
                                    size_t n) {
  return avow_cancel_losers(avow_race(at, ps, n));
}

static avow_promise_t *race_to_end(uv_loop_t *at, avow_promise_t *const ps[],
                                   size_t n) {
  return avow_join_losers(avow_race(at, ps, n));
}

static avow_promise_t *shield(uv_loop_t *at, avow_promise_t *const ps[],
                              size_t n) {
  return avow_shield(ps[0]);
}

typedef struct {
  avow_frame_t frame;
  avow_promise_t *awaited;
} waiting_t;

static avow_value_t wait_once(const avow_value_t *got, void *data) {
  waiting_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, me->awaited);
  return avow_value_ref(got);
  AVOW_END;
}

static avow_promise_t *step_on(uv_loop_t *at, avow_promise_t *const ps[],
                               size_t n) {
  waiting_t *me = calloc(1, sizeof(*me));
  me->awaited = ps[0];
  return avow_attach(avow_stackless(at, wait_once, &me->frame), me, free);
}

static void settles_nested(combine_fn combine, avow_value_t v, int code) {
  avow_deferred_t *d;
  avow_promise_t *p = nest(combine, avow_promise_new(loop, &d));

  (void) avow_resolve(d, v);

  expect_code(p, code);
}

DEEP(nested_combinators_fulfill) {
  settles_nested(avow_all, avow_int(1), 0);
  settles_nested(avow_all_settled, avow_error(UV_EIO), 0);
  settles_nested(avow_race, avow_int(1), 0);
  settles_nested(avow_any, avow_int(1), 0);
  settles_nested(until, avow_int(1), 0);
  settles_nested(until_all, avow_int(1), 0);
  settles_nested(race_to_end, avow_int(1), 0);
  settles_nested(shield, avow_int(1), 0);
  settles_nested(step_on, avow_int(1), 0);
}

DEEP(nested_combinators_reject) {
  settles_nested(avow_all, avow_error(UV_EIO), UV_EIO);
  settles_nested(avow_race, avow_error(UV_EIO), UV_EIO);
  settles_nested(avow_any, avow_error(UV_EIO), AVOW_EAGGREGATE);
  settles_nested(until_all, avow_error(UV_EIO), UV_EIO);
  settles_nested(race_to_end, avow_error(UV_EIO), UV_EIO);
  settles_nested(shield, avow_error(UV_EIO), UV_EIO);
  settles_nested(step_on, avow_error(UV_EIO), UV_EIO);
}

static void cancels_nested(combine_fn combine) {
  avow_deferred_t *d;
  avow_promise_t *p = nest(combine, avow_promise_new(loop, &d));
  avow_on_cancel(d, count_end, NULL);
  count = 0;

  expect_cancels(p);

  avow_deferred_drop(d);
}

DEEP(canceling_nested_combinators_reaches_the_innermost) {
  cancels_nested(avow_all);
  cancels_nested(avow_all_settled);
  cancels_nested(avow_race);
  cancels_nested(avow_any);
  cancels_nested(until);
  cancels_nested(until_all);
  cancels_nested(race_to_end);
  cancels_nested(step_on);
}

static void loses(combine_fn combine) {
  avow_deferred_t *d;
  avow_promise_t *loser = nest(combine, avow_promise_new(loop, &d));
  avow_on_cancel(d, count_end, NULL);
  avow_promise_t *both[] = { loser, avow_promise_resolve(loop, avow_int(1)) };
  count = 0;

  expect_int(combine(loop, both, 2), 1);

  expect(count == 1, "the innermost heard of it");
  avow_deferred_drop(d);
}

DEEP(canceling_losers_reaches_the_innermost_promise) {
  loses(race_to_lose);
  loses(race_to_end);
}

DEEP(canceled_nested_shields_wait_for_the_innermost) {
  avow_deferred_t *d;
  avow_promise_t *p = nest(shield, avow_promise_new(loop, &d));
  avow_on_cancel(d, count_end, NULL);

  avow_cancel(p);
  expect(count == 0 && avow_state(p) == AVOW_PENDING, "nobody heard of it");
  (void) avow_resolve(d, avow_int(7));

  expect_int(p, 7);
}

static const combine_fn combines[] = {
  avow_all,  avow_all_settled, avow_race,   avow_any, until,
  until_all, race_to_lose,     race_to_end, shield,   step_on
};

enum { COMBINES = sizeof(combines) / sizeof(combines[0]) };

DEEP(released_nested_combinators_are_freed) {
  for (size_t i = 0; i < COMBINES; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(combines[i], avow_promise_new(loop, &d));

    avow_unref(p);

    avow_deferred_drop(d);
    run_dry();
  }
}

DEEP(closing_the_loop_ends_nested_combinators) {
  for (size_t i = 0; i < COMBINES; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(combines[i], avow_promise_new(loop, &d));

    expect(avow_loop_close(loop) == 0, "it closes");

    expect(avow_state(p) != AVOW_PENDING, "it is settled");
    avow_deferred_drop(d);
    avow_unref(p);
    expect(avow_loop_init(loop, &steady) == 0, "and may begin anew");
  }
}

SUITE(depth) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(long_chain_fulfills),
    cmocka_unit_test(rejection_passes_through_a_long_chain),
    cmocka_unit_test(every_handler_of_a_chain_may_throw_again),
    cmocka_unit_test(every_handler_may_return_a_settled_promise),
    cmocka_unit_test(every_handler_may_return_a_pending_promise),
    cmocka_unit_test(every_finally_of_a_long_chain_may_wait),
    cmocka_unit_test(attached_data_of_a_long_chain_is_freed),
    cmocka_unit_test(promises_adopting_each_other_upwards_fulfill),
    cmocka_unit_test(promises_adopting_each_other_downwards_reject),
    cmocka_unit_test(shared_promises_adopting_each_other_fulfill),
    cmocka_unit_test(canceling_an_adopter_rejects_the_topmost_promise),
    cmocka_unit_test(canceling_the_end_of_a_chain_runs_every_finally),
    cmocka_unit_test(every_finally_of_a_canceled_chain_may_fail),
    cmocka_unit_test(closing_the_loop_ends_a_pending_chain),
    cmocka_unit_test(closing_the_loop_settles_adopting_promises),
    cmocka_unit_test(dropping_the_deferred_frees_a_pending_chain),
    cmocka_unit_test(released_chain_runs_to_its_end),
    cmocka_unit_test(unreferenced_chain_is_freed),
    cmocka_unit_test(nested_reasons_are_freed),
    cmocka_unit_test(nested_combinators_fulfill),
    cmocka_unit_test(nested_combinators_reject),
    cmocka_unit_test(canceling_nested_combinators_reaches_the_innermost),
    cmocka_unit_test(canceling_losers_reaches_the_innermost_promise),
    cmocka_unit_test(canceled_nested_shields_wait_for_the_innermost),
    cmocka_unit_test(released_nested_combinators_are_freed),
    cmocka_unit_test(closing_the_loop_ends_nested_combinators),
  };
  return RUN(tests);
}
