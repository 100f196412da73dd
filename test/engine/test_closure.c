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
static avow_value_t note_call(const avow_value_t *got, void *word) {
  if (got != NULL)
    return note_value_cb(got, word);
  note("end");
  return avow_string("dropped");
}

static void closure_receives_either_outcome_once(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(4));
  avow_promise_t *q = avow_promise_reject(loop, avow_error(UV_EIO));

  p = avow_then_closure(p, note_call, "got");
  q = avow_then_closure(q, note_call, "got");

  assert_notes("");
  avow_ignore(avow_run(p));
  avow_ignore(avow_run(q));
  assert_notes("got=4 got=EIO");
}

static avow_value_t follow(const avow_value_t *got, void *data) {
  return avow_follow(avow_promise_resolve(loop, avow_int(7)));
}

static void closure_settles_in_the_order_of_then(void **state) {
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

static void canceled_closure_is_called_at_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_then_closure(avow_ref(shared), note_call, "got");

  avow_cancel(p);

  assert_notes("end");
  assert_rejects(p, UV_ECANCELED);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(shared, 1);
  assert_notes("");
}

static avow_promise_t *self;

static avow_value_t cancel_again(const avow_value_t *got, void *cleaning) {
  avow_cancel(self);
  return avow_follow(cleaning);
}

static void cleanup_is_not_canceled_by_its_closure(void **state) {
  avow_deferred_t *d, *cleaning;
  avow_promise_t *p = avow_promise_new(loop, &cleaning);
  self = avow_then_closure(avow_promise_new(loop, &d), cancel_again, p);

  avow_cancel(self);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);

  assert_true(avow_resolve(cleaning, avow_int(1)));
  assert_fulfills_int(self, 1);
  avow_deferred_drop(d);
}

static void closure_receives_a_cancellation_of_its_source(void **state) {
  avow_promise_t *p =
      avow_then_closure(avow_sleep(loop, 60000), note_call, "got");

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED");
}

static void closure_is_called_when_out_of_memory(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  use_up_memory();

  p = avow_then_closure(p, note_call, "got");
  give_back_memory();

  assert_notes("end");
  assert_rejects(p, UV_ENOMEM);
  avow_deferred_drop(d);
}

static void closure_without_a_handler_is_refused(void **state) {
  assert_rejects(avow_then_closure(avow_sleep(loop, 60000), NULL, NULL),
                 UV_EINVAL);
}

/* Handlers that return nothing. */

static void note_settled(const avow_value_t *outcome, void *word) {
  avow_value_unref(note_value_cb(outcome, word));
}

static void on_settled_gets_either_outcome_from_a_job(void **state) {
  avow_on_settled(avow_promise_resolve(loop, avow_int(4)), note_settled, "got");
  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), note_settled,
                  "got");

  assert_notes("");
  run();
  assert_notes("got=4 got=EIO");
}

static void on_settled_keeps_its_order_among_thens(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "1"));
  avow_on_settled(avow_ref(p), note_settled, "2");
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "3"));

  assert_true(avow_resolve(d, avow_int(7)));
  avow_on_settled(p, note_settled, "4");
  run();

  assert_notes("1 2=7 3 4=7");
}

static void note_unhandled(uv_loop_t *on, const avow_value_t *reason,
                           const char *where, void *data) {
  note("unhandled");
}

static void report_unhandled(void) {
  const avow_options_t options = { STEADY, .on_unhandled = note_unhandled };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static void on_settled_handles_a_rejection(void **state) {
  report_unhandled();
  avow_deferred_t *d;
  avow_on_settled(avow_promise_new(loop, &d), note_settled, "later");
  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), note_settled,
                  "now");

  assert_true(avow_reject(d, avow_error(UV_EPERM)));
  run();

  assert_notes("now=EIO later=EPERM");
}

static void on_settled_without_a_handler_releases_the_promise(void **state) {
  report_unhandled();

  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), NULL, NULL);

  assert_notes("unhandled");
}

static void on_settled_receives_a_cancellation(void **state) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_on_settled(avow_ref(p), note_settled, "got");

  avow_cancel(p);

  assert_notes("");
  run();
  assert_notes("got=ECANCELED");
  avow_unref(p);
}

static void on_settled_prevents_cancellation_by_others(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_settled(avow_ref(p), note_settled, "got");
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

  avow_on_settled(p, note_settled, "got");
  assert_notes("");
  assert_true(avow_resolve(d, avow_int(1)));
  give_back_memory();

  run();
  assert_notes("got=1");
}

static void on_settled_runs_at_once_when_out_of_memory(void **state) {
  avow_deferred_t *d;
  avow_promise_t *pending = avow_promise_new(loop, &d);
  avow_promise_t *settled = avow_promise_resolve(loop, avow_int(1));
  use_up_reserve();

  avow_on_settled(pending, note_settled, "pending");
  assert_notes("pending=ENOMEM");
  avow_on_settled(settled, note_settled, "settled");
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
    return note_call(NULL, NULL);
  AVOW_BEGIN(&me->frame);
  note("begin");
  AVOW_AWAIT(&me->frame, avow_promise_steal(&me->p));
  return note_value_cb(got, "got");
  AVOW_END;
}

static void coroutine_runs_when_it_is_started(void **state) {
  task_t me = { .p = avow_promise_resolve(loop, avow_int(3)) };
  avow_promise_t *p = avow_coroutine_new(loop, await_it, &me.frame);
  assert_notes("");

  assert_true(avow_coroutine_start(p));

  assert_notes("begin");
  assert_fulfills_int(p, 3);
  assert_notes("got=3 end");
}

static avow_value_t give_5(const avow_value_t *got, void *data) {
  return got == NULL ? note_call(NULL, NULL) : avow_int(5);
}

static void coroutine_may_end_in_its_first_step(void **state) {
  avow_frame_t frame;
  avow_promise_t *p = avow_coroutine_new(loop, give_5, &frame);

  assert_true(avow_coroutine_start(p));

  assert_notes("end");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfills_int(p, 5);
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
    return note_call(NULL, NULL);
  AVOW_BEGIN(&me->frame);
  for (;;)
    AVOW_AWAIT(&me->frame, avow_sleep(loop, 60000));
  AVOW_END;
}

static avow_value_t again(const avow_value_t *got, void *data) {
  if (got == NULL)
    return note_call(NULL, NULL);
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

static void closing_the_loop_ends_an_endless_coroutine(void **state) {
  task_t me;

  close_around(begin_to_sleep, &me.frame);

  assert_notes("end");
}

static void begin_again(void *unused) {
  avow_ignore(again(&(avow_value_t){ .tag = AVOW_NONE }, NULL));
}

static void closing_the_loop_ends_endless_closures(void **state) {
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
  (void) live_allocations(); /* empties the quarantine */
  avow_on_settled(avow_ref(q), note_settled, "got");
  assert_true(avow_resolve(d, avow_follow(q)));
  avow_unref(p);
}

static void closing_the_loop_settles_inputs_of_on_settled(void **state) {
  avow_on_settled(avow_sleep(loop, 60000), note_settled, "sleep");
  renew_loop();
  assert_notes("sleep=ECANCELED");

  avow_on_settled(avow_race(loop, NULL, 0), note_settled, "race");
  renew_loop();
  assert_notes("race=ECANCELED");

  close_around(begin_a_cycle, NULL);
  assert_notes("got=ECANCELED");
}

static void restart_on_settled(const avow_value_t *outcome, void *left) {
  int *n = left;
  --*n;
  avow_on_settled(avow_sleep(loop, 60000), restart_on_settled, n);
}

static void begin_without_end(void *left) {
  avow_on_settled(avow_sleep(loop, 60000), restart_on_settled, left);
}

static void closing_the_loop_ends_restarting_handlers(void **state) {
  int left = 1000000;

  close_around(begin_without_end, &left);

  assert_int_in_range(left, 900000, 999999);
}

SUITE(closure) {
  const struct CMUnitTest tests[] = {
    CASE(closure_receives_either_outcome_once),
    CASE(closure_settles_in_the_order_of_then),
    CASE(canceled_closure_is_called_at_once),
    CASE(cleanup_is_not_canceled_by_its_closure),
    CASE(closure_receives_a_cancellation_of_its_source),
    CASE(closure_is_called_when_out_of_memory),
    CASE(closure_without_a_handler_is_refused),
    CASE(on_settled_gets_either_outcome_from_a_job),
    CASE(on_settled_keeps_its_order_among_thens),
    CASE(on_settled_handles_a_rejection),
    CASE(on_settled_without_a_handler_releases_the_promise),
    CASE(on_settled_receives_a_cancellation),
    CASE(on_settled_prevents_cancellation_by_others),
    CASE(on_settled_uses_the_reserve),
    CASE(on_settled_runs_at_once_when_out_of_memory),
    CASE(coroutine_runs_when_it_is_started),
    CASE(coroutine_may_end_in_its_first_step),
    CASE(coroutine_without_memory_is_not_called),
    CASE(closing_the_loop_ends_an_endless_coroutine),
    CASE(closing_the_loop_ends_endless_closures),
    CASE(closing_the_loop_settles_inputs_of_on_settled),
    CASE(closing_the_loop_ends_restarting_handlers),
  };
  return RUN(tests);
}
