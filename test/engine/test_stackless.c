/* SPDX-License-Identifier: MIT */
/*
 * Functions that wait without stacks: they do what async functions do, in the
 * same order. See also the tick table of test/proof/differential.
 */
#include "avow/stackless.h"

#include "awaiting.h"
#include "elsewhere.h"

/* Awaits p and records the outcome. */
typedef struct {
  avow_frame_t frame;
  avow_promise_t *p;
  int64_t i, sum;
  avow_stats_t stats;
} task_t;

static avow_value_t give_5(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  avow_value_unref(note_value_cb(got, "ran"));
  return avow_int(5);
  AVOW_END;
}

static void step_runs_inside_the_call(void **state) {
  task_t me;

  avow_promise_t *p = avow_stackless(loop, give_5, &me.frame);

  assert_notes("ran=none");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfills_int(p, 5);
}

static avow_value_t take_a_step(void *data) {
  note("step");
  return avow_int(3);
}

/* A checked build checks the queue here. */
static void step_does_not_run_queued_jobs(void **state) {
  task_t me;
  avow_promise_t *canceled = avow_repeat(loop, take_a_step, NULL);
  avow_promise_t *queued = avow_repeat(loop, take_a_step, NULL);
  avow_cancel(canceled);

  avow_promise_t *p = avow_stackless(loop, give_5, &me.frame);

  assert_notes("ran=none");
  assert_rejects(canceled, UV_ECANCELED);
  assert_fulfills_int(p, 5);
  assert_fulfills_int(queued, 3);
  assert_notes("step");
}

static avow_value_t do_nothing(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_END;
}

static void end_returns_none(void **state) {
  task_t me;

  assert_fulfills_none(avow_stackless(loop, do_nothing, &me.frame));
}

static avow_value_t await_it(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  note("before");
  AVOW_AWAIT(&me->frame, me->p);
  return note_value_cb(got, "after");
  AVOW_END;
}

static void await_returns_the_value(void **state) {
  task_t me = { .p = avow_promise_resolve(loop, avow_int(7)) };
  avow_promise_t *p = avow_stackless(loop, await_it, &me.frame);

  note("returned");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_int(p, 7);
  assert_notes("before returned after=7");
}

static void await_returns_the_error(void **state) {
  task_t me = { .p = avow_promise_reject(loop, avow_error(UV_EIO)) };

  assert_rejects(avow_stackless(loop, await_it, &me.frame), UV_EIO);
  assert_notes("before after=EIO");
}

static void await_waits_for_a_pending_promise(void **state) {
  avow_deferred_t *d;
  task_t me = { .p = avow_promise_new(loop, &d) };
  avow_promise_t *p = avow_stackless(loop, await_it, &me.frame);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_string("late")));

  avow_value_unref(avow_run(p));
  assert_notes("before after='late'");
}

static void functions_awaiting_one_promise_all_get_the_value(void **state) {
  avow_promise_t *shared = avow_promise_resolve(loop, avow_string("all"));
  task_t one = { .p = avow_ref(shared) }, other = { .p = shared };
  avow_promise_t *p = avow_stackless(loop, await_it, &one.frame);
  avow_promise_t *q = avow_stackless(loop, await_it, &other.frame);

  avow_value_unref(avow_run(p));
  avow_value_unref(avow_run(q));

  assert_notes("before before after='all' after='all'");
}

static avow_value_t sum_up(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  for (me->i = 0; me->i < 100000; me->i++) {
    AVOW_AWAIT(&me->frame, avow_promise_resolve(loop, avow_int(me->i)));
    me->sum += avow_to_int(got);
  }
  avow_loop_stats(loop, &me->stats, sizeof(me->stats));
  return avow_int(me->sum);
  AVOW_END;
}

static void awaits_in_a_loop_use_constant_memory(void **state) {
  task_t me = { .sum = 0 };

  assert_fulfills_int(avow_stackless(loop, sum_up, &me.frame),
                      INT64_C(100000) * 99999 / 2);

  assert_int_equal(me.stats.live, 2); /* its own and the awaited one */
}

static avow_value_t follow_it(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 0));
  return avow_follow(me->p);
  AVOW_END;
}

static void returned_promise_is_adopted(void **state) {
  avow_deferred_t *d;
  task_t me = { .p = avow_promise_new(loop, &d) };
  avow_promise_t *p = avow_stackless(loop, follow_it, &me.frame);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(3)));

  assert_fulfills_int(p, 3);
}

static avow_value_t wait_for_another(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, me->p);
  return avow_int(1 + avow_to_int(got));
  AVOW_END;
}

static void function_can_await_another_function(void **state) {
  task_t inner = { .sum = 0 }, outer;
  outer.p = avow_stackless(loop, sum_up, &inner.frame);
  avow_promise_t *p = avow_stackless(loop, wait_for_another, &outer.frame);

  assert_fulfills_int(p, INT64_C(100000) * 99999 / 2 + 1);
}

static void free_task(void *task) {
  note("freed");
  free(task);
}

static void attach_frees_the_struct_after_the_end(void **state) {
  task_t *me = calloc(1, sizeof(*me));
  assert_non_null(me);
  me->p = avow_promise_resolve(loop, avow_int(2));
  avow_promise_t *p = avow_stackless(loop, await_it, &me->frame);

  p = avow_attach(p, me, free_task);

  assert_fulfills_int(p, 2);
  assert_notes("before after=2 freed");
}

static void dump_shows_the_place_of_an_await(void **state) {
  avow_deferred_t *d;
  task_t me = { .p = avow_promise_new(loop, &d) };
  avow_promise_t *p = avow_stackless(loop, await_it, &me.frame);
  char text[1024];

  dump_loop(text, sizeof(text));

  assert_non_null(strstr(text, " pending stackless waits for "));
#ifdef AVOW_TRACE
  assert_non_null(strstr(text, " awaits at line "));
#endif
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

/* Cancellation. */

static avow_value_t await_and_clean_up(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, me->p);
  avow_value_unref(note_value_cb(got, "got"));
  me->sum = avow_is_error(got) ? got->code : avow_to_int(got);
  AVOW_AWAIT(&me->frame, avow_shield(avow_sleep(loop, 0)));
  avow_value_unref(note_value_cb(got, "cleaned"));
  return me->sum < 0 ? avow_error((int) me->sum) : avow_int(me->sum);
  AVOW_END;
}

static void cancel_rejects_the_await_and_cleanup_may_await(void **state) {
  avow_deferred_t *d;
  task_t me = { .p = avow_promise_new(loop, &d) };
  avow_on_cancel(d, note_free, "stop");
  avow_promise_t *p = avow_stackless(loop, await_and_clean_up, &me.frame);

  assert_cancel_reaches(p, d);
}

static void cancel_keeps_a_promise_with_other_references(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  task_t me = { .p = avow_ref(shared) };
  avow_promise_t *p = avow_stackless(loop, await_and_clean_up, &me.frame);

  assert_cancel_leaves(p, shared, d);
}

static void cancel_keeps_the_value_of_a_settled_await(void **state) {
  task_t me = { .p = avow_promise_resolve(loop, avow_int(4)) };
  avow_promise_t *p = avow_stackless(loop, await_and_clean_up, &me.frame);

  avow_cancel(p);

  assert_fulfills_int(p, 4);
  assert_notes("got=4 cleaned=none");
}

static avow_value_t cancel_itself(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 0));
  avow_cancel(me->p);
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 60000));
  avow_value_unref(note_value_cb(got, "next"));
  AVOW_AWAIT(&me->frame, avow_promise_resolve(loop, avow_int(8)));
  return avow_value_ref(got);
  AVOW_END;
}

static void canceling_a_running_function_cancels_its_next_await(void **state) {
  task_t me;
  me.p = avow_stackless(loop, cancel_itself, &me.frame);

  assert_fulfills_int(me.p, 8);
  assert_notes("next=ECANCELED");
}

static avow_value_t cancel_and_follow(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 0));
  avow_cancel(me->p);
  return avow_follow(avow_sleep(loop, 60000));
  AVOW_END;
}

static void canceling_a_running_function_cancels_its_result(void **state) {
  task_t me;
  me.p = avow_stackless(loop, cancel_and_follow, &me.frame);

  assert_rejects(me.p, UV_ECANCELED);
}

static void timeout_cancels_the_await(void **state) {
  task_t me = { .p = avow_sleep(loop, 60000) };
  avow_promise_t *p = avow_stackless(loop, await_and_clean_up, &me.frame);

  assert_rejects(avow_timeout(p, 1), UV_ETIMEDOUT);
  assert_notes("got=ECANCELED cleaned=none");
}

/* Closing the loop. */

/* Parks `step` on a loop of its own and closes that loop. Returns the error
   that the function ended with. */
static int end_of(avow_cb step) {
  uv_loop_t *const shared = loop;
  uv_loop_t own;
  loop = &own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  task_t me = { .p = avow_sleep(loop, 60000) };
  avow_promise_t *p = avow_stackless(&own, step, &me.frame);
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  const int code = avow_error_code(avow_result(p));
  avow_unref(p);
  assert_int_equal(uv_loop_close(&own), 0);
  loop = shared;
  return code;
}

static void closing_the_loop_unwinds_the_function(void **state) {
  assert_int_equal(end_of(await_and_clean_up), UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=none");
}

static avow_value_t sleep_for_ever(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  avow_unref(me->p);
  for (;;)
    AVOW_AWAIT(&me->frame, avow_sleep(loop, 60000));
  AVOW_END;
}

static avow_value_t await_none_for_ever(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  avow_unref(me->p);
  for (;;)
    AVOW_AWAIT(&me->frame, avow_promise_resolve(loop, avow_string("x")));
  AVOW_END;
}

static void closing_the_loop_abandons_endless_functions(void **state) {
  assert_int_equal(end_of(sleep_for_ever), UV_ECANCELED);
  assert_int_equal(end_of(await_none_for_ever), UV_ECANCELED);
}

/* Misuse. */

static avow_value_t return_got(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  AVOW_AWAIT(&me->frame, avow_promise_resolve(loop, avow_string("mine")));
  return *got;
  AVOW_END;
}

static void return_borrowed(void) {
  task_t me;
  const avow_value_t v = avow_run(avow_stackless(loop, return_got, &me.frame));

  assert_string_equal(avow_to_bytes(&v, NULL), "mine");
  avow_value_unref(v);
}

static void returning_the_borrowed_argument_is_reported(void **state) {
  assert_misuse(return_borrowed, "return avow_value_ref(arg)");
}

static void await_promise_of_other_loop(void) {
  task_t me = { .p = promise_on_second_loop() };

  assert_rejects(avow_stackless(loop, await_it, &me.frame), AVOW_EMISUSE);

  close_second_loop();
}

static void await_of_a_promise_of_another_loop_is_refused(void **state) {
  assert_misuse(await_promise_of_other_loop,
                "send its value with avow_remote_resolve()");
}

static avow_value_t close_the_loop(const avow_value_t *got, void *data) {
  return avow_int(avow_loop_close(loop));
}

static void loop_cannot_be_closed_in_a_step(void **state) {
  task_t me;

  assert_fulfills_int(avow_stackless(loop, close_the_loop, &me.frame),
                      UV_EBUSY);
}

static void missing_step_or_frame_is_refused(void **state) {
  avow_frame_t frame;

  assert_says(avow_stackless(loop, NULL, &frame), UV_EINVAL,
              "stackless: invalid argument");
  assert_rejects(avow_stackless(loop, do_nothing, NULL), UV_EINVAL);
}

SUITE(stackless) {
  const struct CMUnitTest tests[] = {
    CASE(step_runs_inside_the_call),
    CASE(step_does_not_run_queued_jobs),
    CASE(end_returns_none),
    CASE(await_returns_the_value),
    CASE(await_returns_the_error),
    CASE(await_waits_for_a_pending_promise),
    CASE(functions_awaiting_one_promise_all_get_the_value),
    CASE(awaits_in_a_loop_use_constant_memory),
    CASE(returned_promise_is_adopted),
    CASE(function_can_await_another_function),
    CASE(attach_frees_the_struct_after_the_end),
    CASE(dump_shows_the_place_of_an_await),
    CASE(cancel_rejects_the_await_and_cleanup_may_await),
    CASE(cancel_keeps_a_promise_with_other_references),
    CASE(cancel_keeps_the_value_of_a_settled_await),
    CASE(canceling_a_running_function_cancels_its_next_await),
    CASE(canceling_a_running_function_cancels_its_result),
    CASE(timeout_cancels_the_await),
    CASE(closing_the_loop_unwinds_the_function),
    CASE(closing_the_loop_abandons_endless_functions),
    CASE(returning_the_borrowed_argument_is_reported),
    CASE(await_of_a_promise_of_another_loop_is_refused),
    CASE(loop_cannot_be_closed_in_a_step),
    CASE(missing_step_or_frame_is_refused),
  };
  return RUN(tests);
}
