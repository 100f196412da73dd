/* SPDX-License-Identifier: MIT */
/*
 * Handlers for other languages: functions that own their data, and functions
 * that return nothing. Each is called once, even if its input never settles.
 * Their order is tested in test_order.c and test_stackless.c.
 */
#include "avow/closure.h"

#include "famine.h"
#include "harness.h"

/* Records the outcome, or "end" for NULL. Frees nothing, so that a second call
   is visible. */
static avow_value_t hear(const avow_value_t *got, void *word) {
  if (got != NULL)
    return note_value_cb(got, word);
  note("end");
  return avow_string("dropped");
}

static void closure_gets_either_outcome_and_nothing_else(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(4));
  avow_promise_t *q = avow_promise_reject(loop, avow_error(UV_EIO));

  p = avow_then_closure(p, hear, "got");
  q = avow_then_closure(q, hear, "got");

  assert_notes("");
  avow_ignore(avow_run(p));
  avow_ignore(avow_run(q));
  assert_notes("got=4 got=EIO");
}

static avow_value_t follow(const avow_value_t *got, void *data) {
  return avow_follow(avow_promise_resolve(loop, avow_int(7)));
}

static void closure_settles_and_is_queued_as_then_is(void **state) {
  avow_promise_t *start = avow_promise_resolve(loop, avow_none());
  avow_promise_t *ps[] = {
    avow_then(avow_then_closure(avow_ref(start), follow, NULL), note_cb, NULL,
              "closure"),
    avow_then(avow_then(avow_ref(start), follow, NULL, NULL), note_cb, NULL,
              "then"),
    avow_then(avow_then_closure(avow_ref(start), note_cb, "1"), note_cb, NULL,
              "2"),
    avow_then(avow_then(start, note_cb, NULL, "1"), note_cb, NULL, "2"),
  };

  avow_ignore(avow_run(avow_all(loop, ps, 4)));

  assert_notes("1 1 2 2 closure then");
}

static void closure_hears_at_once_that_it_is_cancelled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_then_closure(avow_ref(shared), hear, "got");

  avow_cancel(p);

  assert_notes("end");
  assert_rejects(p, UV_ECANCELED);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfils_int(shared, 1);
  assert_notes("");
}

static avow_promise_t *self;

static avow_value_t cancel_again(const avow_value_t *got, void *cleaning) {
  avow_cancel(self);
  return avow_follow(cleaning);
}

static void clean_up_is_not_cancelled_by_its_closure(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p = avow_promise_new(loop, &cleaning);
  self = avow_then_closure(avow_promise_new(loop, &d), cancel_again, p);

  avow_cancel(self);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);

  assert_true(avow_resolve(cleaning, avow_int(1)));
  assert_fulfils_int(self, 1);
  avow_deferred_drop(d);
}

static void closure_gets_what_is_cancelled_above_it(void **state) {
  avow_promise_t *p = avow_then_closure(avow_sleep(loop, 60000), hear, "got");

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED");
}

static void closure_hears_that_there_is_no_memory(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  use_up_memory();

  p = avow_then_closure(p, hear, "got");
  give_back_memory();

  assert_notes("end");
  assert_rejects(p, UV_ENOMEM);
  avow_deferred_drop(d);
}

static void closure_needs_a_handler(void **state) {
  assert_rejects(avow_then_closure(avow_sleep(loop, 60000), NULL, NULL),
                 UV_EINVAL);
}

/* Handlers that return nothing. */

static void hear_settled(const avow_value_t *outcome, void *word) {
  avow_value_unref(note_value_cb(outcome, word));
}

static void on_settled_gets_either_outcome_from_a_job(void **state) {
  avow_on_settled(avow_promise_resolve(loop, avow_int(4)), hear_settled, "got");
  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), hear_settled,
                  "got");

  assert_notes("");
  run();
  assert_notes("got=4 got=EIO");
}

static void on_settled_has_its_turn_among_thens(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "1"));
  avow_on_settled(avow_ref(p), hear_settled, "2");
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "3"));

  assert_true(avow_resolve(d, avow_int(7)));
  avow_on_settled(p, hear_settled, "4");
  run();

  assert_notes("1 2=7 3 4=7");
}

static void note_unhandled(uv_loop_t *on, const avow_value_t *reason,
                           const char *where, void *data) {
  note("unhandled");
}

static void report_unhandled(void) {
  const avow_options_t options = { .budget_us = UINT_MAX,
                                   .on_unhandled = note_unhandled };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static void on_settled_handles_a_rejection(void **state) {
  report_unhandled();
  avow_deferred_t *d;
  avow_on_settled(avow_promise_new(loop, &d), hear_settled, "later");
  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), hear_settled,
                  "now");

  assert_true(avow_reject(d, avow_error(UV_EPERM)));
  run();

  assert_notes("now=EIO later=EPERM");
}

static void on_settled_without_a_handler_releases(void **state) {
  report_unhandled();

  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), NULL, NULL);

  assert_notes("unhandled");
}

static void on_settled_hears_of_a_cancellation(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_on_settled(avow_ref(p), hear_settled, "got");

  avow_cancel(p);

  assert_notes("");
  run();
  assert_notes("got=ECANCELED");
  avow_unref(p);
}

static void on_settled_wants_what_others_cancel(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_settled(avow_ref(p), hear_settled, "got");
  avow_promise_t *other = avow_then(p, note_cb, NULL, "then");

  avow_cancel(other);
  assert_rejects(other, UV_ECANCELED);
  assert_true(avow_resolve(d, avow_int(1)));
  run();

  assert_notes("got=1");
}

static void on_settled_uses_the_reserve(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  use_up_memory();

  avow_on_settled(p, hear_settled, "got");
  assert_notes("");
  assert_true(avow_resolve(d, avow_int(1)));
  give_back_memory();

  run();
  assert_notes("got=1");
}

static void on_settled_without_a_reserve_is_called_at_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *pending = avow_promise_new(loop, &d);
  avow_promise_t *settled = avow_promise_resolve(loop, avow_int(1));
  use_up_reserve();

  avow_on_settled(pending, hear_settled, "pending");
  assert_notes("pending=ENOMEM");
  avow_on_settled(settled, hear_settled, "settled");
  assert_notes("settled=1");

  give_back_memory();
  assert_false(avow_resolve(d, avow_none())); /* false: it was canceled */
}

/* Coroutines. */

typedef struct {
  avow_frame_t frame;
  avow_promise_t *p;
} task_t;

static avow_value_t await_it(const avow_value_t *got, void *data) {
  task_t *me = data;
  if (got == NULL)
    return hear(NULL, NULL);
  AVOW_BEGIN(&me->frame);
  note("begin");
  AVOW_AWAIT(&me->frame, avow_promise_steal(&me->p));
  return note_value_cb(got, "got");
  AVOW_END;
}

static void coroutine_begins_when_it_is_started(void **state) {
  task_t me = { .p = avow_promise_resolve(loop, avow_int(3)) };
  avow_promise_t *p = avow_coroutine_new(loop, await_it, &me.frame);
  assert_notes("");

  assert_true(avow_coroutine_start(p));

  assert_notes("begin");
  assert_fulfils_int(p, 3);
  assert_notes("got=3 end");
}

static avow_value_t give_5(const avow_value_t *got, void *data) {
  return got == NULL ? hear(NULL, NULL) : avow_int(5);
}

static void coroutine_may_end_as_it_begins(void **state) {
  avow_frame_t frame;
  avow_promise_t *p = avow_coroutine_new(loop, give_5, &frame);

  assert_true(avow_coroutine_start(p));

  assert_notes("end");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfils_int(p, 5);
}

static void coroutine_without_memory_is_not_called(void **state) {
  avow_frame_t frame;
  use_up_memory();
  avow_promise_t *p = avow_coroutine_new(loop, give_5, &frame);
  give_back_memory();

  assert_false(avow_coroutine_start(p));

  assert_rejects(p, UV_ENOMEM);
  assert_notes("");
}

static avow_value_t sleep_for_ever(const avow_value_t *got, void *data) {
  task_t *me = data;
  if (got == NULL)
    return hear(NULL, NULL);
  AVOW_BEGIN(&me->frame);
  for (;;)
    AVOW_AWAIT(&me->frame, avow_sleep(loop, 60000));
  AVOW_END;
}

static avow_value_t again(const avow_value_t *got, void *data) {
  if (got == NULL)
    return hear(NULL, NULL);
  avow_promise_t *next = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then_closure(next, again, data));
  return avow_none();
}

/* Starts work that never ends by itself on a loop of its own, and closes that
   loop. */
static void close_around(void (*begin)(void *data), void *data) {
  uv_loop_t *const shared = loop;
  uv_loop_t own;
  loop = &own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  begin(data);
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(uv_loop_close(&own), 0);
  loop = shared;
}

static void begin_to_sleep(void *frame) {
  avow_promise_t *p = avow_coroutine_new(loop, sleep_for_ever, frame);
  assert_true(avow_coroutine_start(p));
  avow_unref(p);
}

static void closing_the_loop_ends_a_coroutine_that_never_does(void **state) {
  task_t me;

  close_around(begin_to_sleep, &me.frame);

  assert_notes("end");
}

static void begin_again(void *unused) {
  avow_ignore(again(&(avow_value_t){ .tag = AVOW_NONE }, NULL));
}

static void closing_the_loop_tells_closures_that_never_end(void **state) {
  close_around(begin_again, NULL);

  assert_notes("end");
}

/* The promises wait for each other, so that there is no root to cancel. The
   reaction has the first block, and avow_loop_close() visits it first. */
static void begin_a_cycle(void *unused) {
  avow_deferred_t *d;
  avow_promise_t *first = avow_promise_resolve(loop, avow_none());
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(avow_ref(p), NULL, NULL, NULL);
  avow_unref(first);
  avow_on_settled(avow_ref(q), hear_settled, "got");
  assert_true(avow_resolve(d, avow_follow(q)));
  avow_unref(p);
}

static void closing_the_loop_settles_what_on_settled_waits_for(void **state) {
  avow_on_settled(avow_sleep(loop, 60000), hear_settled, "sleep");
  renew_loop();
  assert_notes("sleep=ECANCELED");

  avow_on_settled(avow_race(loop, NULL, 0), hear_settled, "race");
  renew_loop();
  assert_notes("race=ECANCELED");

  close_around(begin_a_cycle, NULL);
  assert_notes("got=ECANCELED");
}

static void hear_and_begin_again(const avow_value_t *outcome, void *left) {
  int *n = left;
  --*n;
  avow_on_settled(avow_sleep(loop, 60000), hear_and_begin_again, n);
}

static void begin_without_end(void *left) {
  avow_on_settled(avow_sleep(loop, 60000), hear_and_begin_again, left);
}

static void closing_the_loop_ends_those_that_begin_again(void **state) {
  int left = 1000000;

  close_around(begin_without_end, &left);

  assert_int_in_range(left, 900000, 999999);
}

SUITE(closure) {
  const struct CMUnitTest tests[] = {
    CASE(closure_gets_either_outcome_and_nothing_else),
    CASE(closure_settles_and_is_queued_as_then_is),
    CASE(closure_hears_at_once_that_it_is_cancelled),
    CASE(clean_up_is_not_cancelled_by_its_closure),
    CASE(closure_gets_what_is_cancelled_above_it),
    CASE(closure_hears_that_there_is_no_memory),
    CASE(closure_needs_a_handler),
    CASE(on_settled_gets_either_outcome_from_a_job),
    CASE(on_settled_has_its_turn_among_thens),
    CASE(on_settled_handles_a_rejection),
    CASE(on_settled_without_a_handler_releases),
    CASE(on_settled_hears_of_a_cancellation),
    CASE(on_settled_wants_what_others_cancel),
    CASE(on_settled_uses_the_reserve),
    CASE(on_settled_without_a_reserve_is_called_at_once),
    CASE(coroutine_begins_when_it_is_started),
    CASE(coroutine_may_end_as_it_begins),
    CASE(coroutine_without_memory_is_not_called),
    CASE(closing_the_loop_ends_a_coroutine_that_never_does),
    CASE(closing_the_loop_tells_closures_that_never_end),
    CASE(closing_the_loop_settles_what_on_settled_waits_for),
    CASE(closing_the_loop_ends_those_that_begin_again),
  };
  return RUN(tests);
}
