/* SPDX-License-Identifier: MIT */
/* Running an operation once for all its callers. */
#include "harness.h"

typedef struct {
  int runs;
  avow_deferred_t *deferred; /* of the current run */
} work_t;

static avow_value_t begin(void *data) {
  work_t *work = data;
  work->runs++;
  avow_promise_t *p = avow_promise_new(loop, &work->deferred);
  avow_on_cancel(work->deferred, note_free, "stopped");
  return avow_follow(p);
}

static avow_value_t clean_up(void *data) {
  note("cleaning");
  return avow_follow(avow_sleep(loop, 1));
}

static avow_value_t begin_with_clean_up(void *data) {
  const avow_value_t v = begin(data);
  return avow_follow(avow_finally(v.u.p, clean_up, NULL));
}

static avow_value_t count(void *data) {
  return avow_int(++*(int *) data);
}

static void end(work_t *work, avow_value_t v) {
  assert_true(avow_resolve(work->deferred, v));
  run();
}

static void concurrent_callers_share_one_run(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);

  avow_promise_t *p = avow_once_get(o);
  avow_promise_t *q = avow_once_get(o);
  assert_int_equal(work.runs, 0);
  run();
  end(&work, avow_int(5));

  assert_fulfills_int(p, 5);
  assert_fulfills_int(q, 5);
  assert_int_equal(work.runs, 1);
  avow_once_unref(o);
}

static void value_is_kept_for_later_callers(void **state) {
  int runs = 0;
  avow_once_t *o = avow_once_new(loop, count, &runs, NULL);
  assert_fulfills_int(avow_once_get(o), 1);

  assert_fulfills_int(avow_once_get(o), 1);

  avow_once_unref(o);
}

static avow_value_t make_bytes(void *data) {
  return avow_string("kept");
}

static void kept_bytes_are_not_copied(void **state) {
  avow_once_t *o = avow_once_new(loop, make_bytes, NULL, NULL);
  const avow_value_t v = avow_run(avow_once_get(o));

  const avow_value_t again = avow_run(avow_once_get(o));
  avow_once_unref(o);

  assert_string_equal(avow_to_bytes(&v, NULL), "kept");
  assert_ptr_equal(avow_to_bytes(&again, NULL), avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  avow_value_unref(again);
}

static void failure_rejects_pending_callers_and_is_not_kept(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  avow_promise_t *q = avow_once_get(o);
  run();

  end(&work, avow_error_new(UV_EIO, avow_none(), "broken"));

  assert_rejects(p, UV_EIO);
  assert_rejects(q, UV_EIO);
  avow_promise_t *next = avow_once_get(o);
  run();
  end(&work, avow_int(5));
  assert_fulfills_int(next, 5);
  assert_int_equal(work.runs, 2);
  avow_once_unref(o);
}

static void canceled_caller_does_not_affect_the_others(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  avow_promise_t *q = avow_once_get(o);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("");
  end(&work, avow_int(5));
  assert_fulfills_int(q, 5);
  avow_once_unref(o);
}

static void run_without_callers_is_canceled(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_promise_t *ps[] = { avow_once_get(o), avow_once_get(o) };
  run();

  avow_cancel(ps[0]);
  assert_notes("");
  avow_cancel(ps[1]);

  assert_notes("stopped");
  avow_unref(ps[0]);
  avow_unref(ps[1]);
  avow_deferred_drop(work.deferred);
  avow_once_unref(o);
}

static void releasing_a_promise_does_not_cancel_the_run(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_unref(avow_once_get(o));
  run();

  end(&work, avow_int(5));

  assert_fulfills_int(avow_once_get(o), 5);
  avow_once_unref(o);
}

static void call_during_a_canceled_run_gets_the_next_run(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin_with_clean_up, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  run();
  avow_cancel(p);
  avow_deferred_drop(work.deferred);

  avow_promise_t *next = avow_once_get(o);
  assert_int_equal(work.runs, 1);
  run();
  assert_int_equal(work.runs, 2);
  end(&work, avow_int(5));

  assert_fulfills_int(next, 5);
  assert_rejects(p, UV_ECANCELED);
  assert_notes("stopped cleaning cleaning");
  avow_once_unref(o);
}

static avow_value_t succeed_all_the_same(const avow_value_t *arg, void *data) {
  return avow_int(7);
}

static avow_value_t begin_stubbornly(void *data) {
  const avow_value_t v = begin(data);
  return avow_follow(avow_catch(v.u.p, succeed_all_the_same, NULL));
}

static void canceled_run_that_succeeds_is_kept(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin_stubbornly, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  run();
  avow_cancel(p);
  avow_unref(p);

  assert_fulfills_int(avow_once_get(o), 7);

  assert_int_equal(work.runs, 1);
  avow_deferred_drop(work.deferred);
  avow_once_unref(o);
  assert_notes("stopped");
}

static void once_released_during_its_run_still_settles(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  run();

  avow_once_unref(o);
  end(&work, avow_string("answer"));

  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_to_bytes(&v, NULL), "answer");
  avow_value_unref(v);
}

static void once_released_before_its_run_still_settles(void **state) {
  int runs = 0;
  avow_once_t *o = avow_once_new(loop, count, &runs, NULL);
  avow_promise_t *p = avow_once_get(o);

  avow_once_unref(o);

  assert_fulfills_int(p, 1);
}

static avow_value_t run_apart(void *data) {
  note(data);
  avow_promise_t *p = avow_sleep(loop, 1);
  return avow_follow(avow_finally(p, clean_up, NULL));
}

static void data_is_freed_after_the_last_run(void **state) {
  avow_once_t *o = avow_once_new(loop, run_apart, "data", note_free);
  avow_promise_t *p = avow_once_get(o);
  while (uv_run(loop, UV_RUN_NOWAIT) != 0 && avow_state(p) == AVOW_PENDING)
    continue;

  avow_unref(p);
  avow_once_unref(o);

  assert_notes("data cleaning data");
}

static void data_is_freed_after_a_canceled_run(void **state) {
  avow_once_t *o = avow_once_new(loop, run_apart, "data", note_free);
  avow_promise_t *p = avow_once_get(o);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_once_unref(o);

  avow_cancel(p);
  avow_unref(p);

  run();
  assert_notes("data cleaning data");
}

static void once_without_function_is_refused(void **state) {
  avow_once_t *o = avow_once_new(loop, NULL, "freed", note_free);
  assert_notes("freed");

  const avow_value_t v = avow_run(avow_once_get(o));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "once: invalid argument");
  avow_value_unref(v);
  avow_once_unref(o);
  avow_once_unref(NULL);
}

static void loop_close_cancels_a_run_and_its_callers(void **state) {
  work_t work = { 0, NULL };
  avow_once_t *o = avow_once_new(loop, begin, &work, NULL);
  avow_promise_t *p = avow_once_get(o);
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_deferred_drop(work.deferred);
  avow_once_unref(o);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  assert_notes("stopped");
}

SUITE(once) {
  const struct CMUnitTest tests[] = {
    CASE(concurrent_callers_share_one_run),
    CASE(value_is_kept_for_later_callers),
    CASE(kept_bytes_are_not_copied),
    CASE(failure_rejects_pending_callers_and_is_not_kept),
    CASE(canceled_caller_does_not_affect_the_others),
    CASE(run_without_callers_is_canceled),
    CASE(releasing_a_promise_does_not_cancel_the_run),
    CASE(call_during_a_canceled_run_gets_the_next_run),
    CASE(canceled_run_that_succeeds_is_kept),
    CASE(once_released_during_its_run_still_settles),
    CASE(once_released_before_its_run_still_settles),
    CASE(data_is_freed_after_the_last_run),
    CASE(data_is_freed_after_a_canceled_run),
    CASE(once_without_function_is_refused),
    CASE(loop_close_cancels_a_run_and_its_callers),
  };
  return RUN(tests);
}
