/* SPDX-License-Identifier: MIT */
/* avow_run(): when it returns, and with which outcome. */
#include "harness.h"

static void close_now(uv_handle_t *handle) {
  assert_fulfills_none(avow_close_handle(handle));
}

static void start_timer(uv_timer_t *timer, uv_timer_cb cb, void *data) {
  assert_int_equal(uv_timer_init(loop, timer), 0);
  timer->data = data;
  assert_int_equal(uv_timer_start(timer, cb, 0, 0), 0);
}

static void on_prepare(uv_prepare_t *prepare) {
  note("the loop runs");
}

static void run_returns_a_settled_outcome_at_once(void **state) {
  uv_prepare_t prepare;
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, on_prepare), 0);

  assert_fulfills_int(avow_promise_resolve(loop, avow_int(1)), 1);

  assert_notes("");
  close_now((uv_handle_t *) &prepare);
}

static void run_ends_when_its_promise_settles(void **state) {
  avow_promise_t *later = avow_sleep(loop, 60000);

  assert_fulfills_none(avow_sleep(loop, 1));

  assert_int_equal(avow_state(later), AVOW_PENDING);
  avow_unref(later);
}

static void run_ends_while_other_handles_are_active(void **state) {
  uv_async_t other;
  assert_int_equal(uv_async_init(loop, &other, NULL), 0);
  avow_promise_t *p = avow_sleep(loop, 1);

  uv_sleep(5); /* due before the loop first polls */
  assert_fulfills_none(p);

  close_now((uv_handle_t *) &other);
}

static void resolve_in_a_timer(uv_timer_t *timer) {
  assert_true(avow_resolve(timer->data, avow_int(7)));
}

/* No reaction waits for p, so that no job reports its end. */
static void run_ends_when_a_raw_timer_settles_the_promise(void **state) {
  uv_async_t other;
  uv_timer_t timer;
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(uv_async_init(loop, &other, NULL), 0);
  start_timer(&timer, resolve_in_a_timer, d);

  assert_fulfills_int(p, 7);

  close_now((uv_handle_t *) &timer);
  close_now((uv_handle_t *) &other);
}

static void run_in_a_timer(uv_timer_t *timer) {
  uv_sleep(5);
  assert_fulfills_none(avow_sleep(loop, 10)); /* ends after the outer sleep */
}

static void run_ends_if_a_nested_run_settles_its_promise(void **state) {
  uv_async_t other;
  uv_timer_t timer;
  assert_int_equal(uv_async_init(loop, &other, NULL), 0);
  start_timer(&timer, run_in_a_timer, NULL);

  assert_fulfills_none(avow_sleep(loop, 5));

  close_now((uv_handle_t *) &timer);
  close_now((uv_handle_t *) &other);
}

typedef struct {
  uv_idle_t idle;
  avow_deferred_t *first, *second;
} two_turns_t;

static void resolve_one_per_iteration(uv_idle_t *idle) {
  two_turns_t *turns = idle->data;
  avow_deferred_t **next =
      turns->first != NULL ? &turns->first : &turns->second;
  assert_true(avow_resolve(*next, avow_none()));
  *next = NULL;
  if (turns->second == NULL)
    (void) uv_idle_stop(idle);
}

static void run_two_iterations(uv_timer_t *timer) {
  two_turns_t *turns = timer->data;
  avow_promise_t *p = avow_promise_new(loop, &turns->second);
  assert_int_equal(uv_idle_init(loop, &turns->idle), 0);
  turns->idle.data = turns;
  assert_int_equal(uv_idle_start(&turns->idle, resolve_one_per_iteration), 0);

  assert_fulfills_none(p);
  note("inner");
}

static void nested_run_continues_after_the_outer_promise_settles(void **state) {
  two_turns_t turns = { 0 };
  uv_timer_t timer;
  avow_promise_t *p = avow_promise_new(loop, &turns.first);
  start_timer(&timer, run_two_iterations, &turns);

  assert_fulfills_none(p);

  assert_notes("inner");
  close_now((uv_handle_t *) &timer);
  close_now((uv_handle_t *) &turns.idle);
}

static avow_value_t work_fn(void *data) {
  uv_sleep(1);
  return avow_none();
}

/* avow_loop_close() must run the loop until the work is over. */
static void close_in_a_timer(uv_timer_t *timer) {
  avow_unref(avow_work(loop, work_fn, NULL, NULL));
  assert_int_equal(avow_loop_close(loop), 0);
}

static void run_ends_when_its_loop_is_closed(void **state) {
  uv_async_t other;
  uv_timer_t timer;
  assert_int_equal(uv_async_init(loop, &other, NULL), 0);
  start_timer(&timer, close_in_a_timer, NULL);

  assert_rejects(avow_sleep(loop, 60000), UV_ECANCELED);

  uv_close((uv_handle_t *) &timer, NULL);
  uv_close((uv_handle_t *) &other, NULL);
  run();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void run_leaves_the_loop_ready_to_run(void **state) {
  avow_promise_t *later = avow_sleep(loop, 2);

  assert_fulfills_none(avow_sleep(loop, 1));
  run(); /* must not stop early after avow_run() */

  assert_int_equal(avow_state(later), AVOW_FULFILLED);
  avow_unref(later);
}

static void run_returns_eidle_when_nothing_is_active(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  assert_rejects(avow_ref(p), AVOW_EIDLE);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(p);
}

static void stop_in_a_timer(uv_timer_t *timer) {
  uv_stop(loop);
}

static void run_continues_after_a_stop(void **state) {
  uv_timer_t timer;
  start_timer(&timer, stop_in_a_timer, NULL);

  assert_fulfills_none(avow_sleep(loop, 20));

  close_now((uv_handle_t *) &timer);
}

static avow_value_t run_cb(const avow_value_t *arg, void *data) {
  return avow_run(avow_promise_resolve(loop, avow_none()));
}

static void close_all_and_resolve(uv_timer_t *timer) {
  uv_walk(loop, close_handle, NULL);
  assert_true(avow_resolve(timer->data, avow_int(1)));
}

/* Only jobs are left, for which libuv does not keep the loop alive. */
static void run_ends_after_all_handles_are_closed(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_then(avow_promise_new(loop, &d), note_cb, NULL, "a");
  uv_timer_t timer;
  start_timer(&timer, close_all_and_resolve, d);

  const avow_value_t v = avow_run(p);

  assert_int_equal(avow_to_int(&v), 1);
  assert_notes("a");
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void run_in_a_callback(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  assert_rejects(avow_then(p, run_cb, NULL, NULL), AVOW_EMISUSE);
}

static void run_in_on_cancel(void *code) {
  const avow_value_t v = avow_run(avow_promise_resolve(loop, avow_none()));
  *(int *) code = avow_error_code(&v);
}

static void run_during_a_cancellation(void) {
  int code = 0;
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, run_in_on_cancel, &code);

  avow_cancel(p);

  assert_int_equal(code, AVOW_EMISUSE);
  avow_deferred_drop(d);
  avow_unref(p);
}

static void run_in_a_callback_is_misuse(void **state) {
  assert_misuse(run_in_a_callback, "avow_run(): called inside a callback");
  assert_misuse(run_during_a_cancellation,
                "avow_run(): called inside a callback");
}

static void run_and_note(uv_timer_t *timer) {
  assert_fulfills_none(avow_sleep(loop, 1));
  note("inner");
}

/* Either function may run the loop that calls the timer. */
static void run_in_a_raw_libuv_callback_is_allowed(void **state) {
  uv_timer_t timer;

  start_timer(&timer, run_and_note, NULL);
  run();
  note("uv_run");
  assert_int_equal(uv_timer_start(&timer, run_and_note, 0, 0), 0);
  assert_fulfills_none(avow_next_iteration(loop));
  assert_fulfills_none(avow_sleep(loop, 0));
  note("avow_run");

  assert_notes("inner uv_run inner avow_run");
  close_now((uv_handle_t *) &timer);
}

static avow_value_t run_the_other(const avow_value_t *arg, void *other) {
  return avow_run(avow_sleep(other, 1));
}

static void handler_may_run_another_loop(void **state) {
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_fulfills_none(avow_then(p, run_the_other, NULL, &other));

  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

SUITE(run) {
  const struct CMUnitTest tests[] = {
    CASE(run_returns_a_settled_outcome_at_once),
    CASE(run_ends_when_its_promise_settles),
    CASE(run_ends_while_other_handles_are_active),
    CASE(run_ends_when_a_raw_timer_settles_the_promise),
    CASE(run_ends_if_a_nested_run_settles_its_promise),
    CASE(nested_run_continues_after_the_outer_promise_settles),
    CASE(run_ends_when_its_loop_is_closed),
    CASE(run_leaves_the_loop_ready_to_run),
    CASE(run_returns_eidle_when_nothing_is_active),
    CASE(run_continues_after_a_stop),
    CASE(run_in_a_callback_is_misuse),
    CASE(run_in_a_raw_libuv_callback_is_allowed),
    CASE(handler_may_run_another_loop),
    CASE(run_ends_after_all_handles_are_closed),
  };
  return RUN(tests);
}
