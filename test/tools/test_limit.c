/* SPDX-License-Identifier: MIT */
/* Limiters: at most `permits` calls at a time, in the order of the requests. */
#include "avow/limiter.h"

#include "harness.h"

/* Work that the test completes. */
typedef struct {
  char *word;
  avow_deferred_t *deferred;
} work_t;

static avow_value_t begin(void *data) {
  work_t *work = data;
  note(work->word);
  return avow_follow(avow_promise_new(loop, &work->deferred));
}

static void end(work_t *work, avow_value_t v) {
  assert_true(avow_resolve(work->deferred, v));
  run();
}

static avow_value_t throw_fn(void *data) {
  return avow_error(UV_EIO);
}

static avow_value_t five(void *data) {
  return avow_int(5);
}

static avow_value_t keep(const avow_value_t *arg, void *data) {
  *(avow_value_t *) data = avow_value_ref(arg);
  return avow_none();
}

static void run_calls_from_a_job_and_settles_as_the_function(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);

  avow_promise_t *p = avow_limiter_run(l, note_fn, "called");

  assert_notes("");
  assert_fulfills_none(p);
  assert_notes("called");
  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  assert_rejects(avow_limiter_run(l, throw_fn, NULL), UV_EIO);
  avow_limiter_unref(l);
}

static void calls_run_up_to_the_number_of_permits(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  work_t works[] = { { "a", NULL }, { "b", NULL }, { "c", NULL } };

  for (size_t i = 0; i < 3; i++)
    avow_unref(avow_limiter_run(l, begin, &works[i]));
  run();
  assert_notes("a b");
  end(&works[1], avow_none());

  assert_notes("c");
  end(&works[0], avow_none());
  end(&works[2], avow_none());
  avow_limiter_unref(l);
}

static void callers_are_served_in_call_order(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  char *words[] = { "a", "b", "c", "d" };
  avow_promise_t *ps[4];

  for (size_t i = 0; i < 4; i++)
    ps[i] = avow_limiter_run(l, note_fn, words[i]);
  avow_value_unref(avow_run(avow_all(loop, ps, 4)));

  assert_notes("a b c d");
  avow_limiter_unref(l);
}

static void failed_call_releases_its_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t work = { "a", NULL };
  avow_promise_t *p = avow_limiter_run(l, begin, &work);
  avow_promise_t *next = avow_limiter_run(l, five, NULL);
  run();

  end(&work, avow_error(UV_EIO));

  assert_rejects(p, UV_EIO);
  assert_fulfills_int(next, 5);
  avow_limiter_unref(l);
}

static void call_canceled_in_the_queue_never_runs(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t work = { "a", NULL };
  avow_promise_t *first = avow_limiter_run(l, begin, &work);
  avow_promise_t *p = avow_limiter_run(l, note_fn, "canceled");
  avow_promise_t *next = avow_limiter_run(l, note_fn, "next");
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  end(&work, avow_none());
  assert_fulfills_none(next);
  assert_notes("a next");
  avow_unref(first);
  avow_limiter_unref(l);
}

static void canceling_a_running_call_releases_its_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t work = { "a", NULL };
  avow_promise_t *p = avow_limiter_run(l, begin, &work);
  avow_promise_t *next = avow_limiter_run(l, five, NULL);
  run();
  avow_on_cancel(work.deferred, note_free, "stopped");

  avow_cancel(p);

  assert_notes("a stopped");
  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_int(next, 5);
  avow_deferred_drop(work.deferred);
  avow_limiter_unref(l);
}

static void canceling_a_granted_call_loses_no_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = avow_limiter_run(l, note_fn, "called");

  avow_cancel(p);
  avow_unref(p);
  avow_promise_t *unwanted = avow_limiter_acquire(l);
  avow_cancel(unwanted);
  avow_unref(unwanted);

  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static void permit_is_returned_with_its_last_reference(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_value_t permit = avow_none();
  avow_unref(avow_then(avow_limiter_acquire(l), keep, NULL, &permit));
  avow_promise_t *next = avow_limiter_acquire(l);
  run();
  assert_string_equal(avow_type_name(&permit), "permit");
  assert_int_equal(avow_state(next), AVOW_PENDING);

  avow_value_unref(permit);

  assert_int_equal(avow_state(next), AVOW_FULFILLED);
  avow_unref(next);
  avow_limiter_unref(l);
}

static void unclaimed_permit_is_returned(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_unref(avow_limiter_acquire(l));
  avow_unref(avow_then(avow_limiter_acquire(l), note_cb, NULL, "dropped"));

  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);

  assert_notes("dropped");
  avow_limiter_unref(l);
}

static void canceled_acquire_leaves_the_queue(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  const avow_value_t permit = avow_run(avow_limiter_acquire(l));
  avow_promise_t *p = avow_limiter_acquire(l);
  avow_promise_t *q = avow_limiter_acquire(l);

  avow_cancel(p);
  avow_value_unref(permit);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(avow_state(q), AVOW_FULFILLED);
  avow_unref(q);
  avow_limiter_unref(l);
}

/* The test would take minutes if each waiter had to be searched for. */
static void canceling_a_queued_call_frees_no_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t works[] = { { "a", NULL }, { "b", NULL }, { "c", NULL } };
  avow_unref(avow_limiter_run(l, begin, &works[0]));
  avow_promise_t *p = avow_limiter_run(l, begin, &works[1]);

  avow_cancel(p);
  avow_unref(p);
  run();
  avow_unref(avow_limiter_run(l, begin, &works[2]));
  run();

  assert_notes("a");
  end(&works[0], avow_none());
  assert_notes("c");
  end(&works[2], avow_none());
  avow_limiter_unref(l);
}

static void leaving_a_long_queue_takes_constant_time(void **state) {
  enum { MANY = 100000 };
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  const avow_value_t permit = avow_run(avow_limiter_acquire(l));
  avow_promise_t **ps = test_calloc(MANY, sizeof(avow_promise_t *));
  for (size_t i = 0; i < MANY; i++)
    ps[i] = avow_limiter_acquire(l);

  for (size_t i = 0; i < MANY; i++)
    avow_cancel(ps[(i * 7919) % MANY]);

  for (size_t i = 0; i < MANY; i++)
    avow_unref(ps[i]);
  test_free(ps);
  avow_value_unref(permit);
  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static void released_limiter_serves_its_queue(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t work = { "a", NULL };
  avow_promise_t *p = avow_limiter_run(l, begin, &work);
  avow_promise_t *next = avow_limiter_run(l, five, NULL);
  run();

  avow_limiter_unref(l);
  end(&work, avow_none());

  assert_fulfills_none(p);
  assert_fulfills_int(next, 5);
  assert_notes("a");
}

static void limiter_without_permits_queues_all_until_a_resize(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 0);
  avow_promise_t *p = avow_limiter_run(l, five, NULL);
  avow_promise_t *q = avow_limiter_acquire(l);
  run();
  assert_int_equal(avow_limiter_waiting(l), 2);

  avow_limiter_resize(l, 1);

  assert_int_equal(avow_limiter_waiting(l), 1);
  assert_fulfills_int(p, 5);
  assert_int_equal(avow_state(q), AVOW_FULFILLED);
  avow_unref(q);
  avow_limiter_unref(l);
  avow_limiter_unref(NULL);
}

static void run_without_function_is_refused(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);

  const avow_value_t v = avow_run(avow_limiter_run(l, NULL, NULL));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "limiter run: invalid argument");
  avow_value_unref(v);
  avow_limiter_unref(l);
}

#ifndef AVOW_NO_POOL
static void use_runs_and_permits(const avow_limiter_t *l) {
  for (size_t i = 0; i < 20; i++) {
    avow_unref(avow_limiter_run(l, five, NULL));
    avow_unref(avow_limiter_acquire(l));
  }
  run();
}

static void reused_limiter_allocates_nothing(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  use_runs_and_permits(l);
  const long calls = allocation_calls();

  use_runs_and_permits(l);

  assert_int_equal(allocation_calls(), calls);
  avow_limiter_unref(l);
}

/* The limiter keeps at most as many as there are permits, and a few spare
   ones. */
static void limiter_frees_most_returned_permits(void **state) {
  enum { MANY = 500 };
  avow_limiter_t *l = avow_limiter_new(loop, MANY);
  avow_value_t permits[MANY];
  for (size_t i = 0; i < MANY; i++)
    permits[i] = avow_run(avow_limiter_acquire(l));
  for (size_t i = 0; i < MANY; i++) {
    avow_promise_t *p = avow_limiter_acquire(l);
    avow_cancel(p);
    avow_unref(p);
  }
  const long live = live_allocations();

  for (size_t i = 0; i < MANY; i++)
    avow_value_unref(permits[i]);

  assert_true(live - live_allocations() > MANY - 50);
  avow_limiter_unref(l);
}
#endif

static void queued_permit_is_granted_without_allocation(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_value_t permits[] = { avow_run(avow_limiter_acquire(l)),
                             avow_run(avow_limiter_acquire(l)) };
  avow_promise_t *ps[] = { avow_limiter_acquire(l), avow_limiter_acquire(l) };

  fail_allocation(1, true);
  avow_value_unref(permits[1]);
  avow_value_unref(permits[0]);
  fail_allocation(0, false);

  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(avow_state(ps[i]), AVOW_FULFILLED);
    avow_unref(ps[i]);
  }
  avow_limiter_unref(l);
}

static void permit_outlives_its_limiter_and_its_loop(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  const avow_value_t permit = avow_run(avow_limiter_acquire(l));

  avow_limiter_unref(l);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_value_unref(permit);

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t give_promise(void *p) {
  return avow_follow(avow_ref(p));
}

/* The work has other waiters too, so it continues. It holds no permit. */
static void canceling_a_call_with_shared_work_frees_its_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_limiter_run(l, give_promise, shared);
  run();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  assert_int_equal(avow_state(shared), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(shared);
  avow_limiter_unref(l);
}

static avow_value_t cancel_and_follow(void *data) {
  avow_promise_t **p = data;
  avow_cancel(*p);
  return avow_follow(avow_next_iteration(loop));
}

static void call_canceled_by_its_function_releases_its_permit(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = avow_limiter_run(l, cancel_and_follow, &p);

  assert_rejects(p, UV_ECANCELED);

  assert_fulfills_int(avow_limiter_run(l, five, NULL), 5);
  avow_limiter_unref(l);
}

static void closing_the_loop_cancels_running_and_queued_calls(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  work_t work = { "a", NULL };
  avow_promise_t *ps[] = { avow_limiter_run(l, begin, &work),
                           avow_limiter_run(l, note_fn, "b"),
                           avow_limiter_acquire(l) };
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(avow_error_code(avow_result(ps[i])), UV_ECANCELED);
    avow_unref(ps[i]);
  }
  avow_deferred_drop(work.deferred);
  avow_limiter_unref(l);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  assert_notes("a");
}

SUITE(limit) {
  const struct CMUnitTest tests[] = {
    CASE(run_calls_from_a_job_and_settles_as_the_function),
    CASE(calls_run_up_to_the_number_of_permits),
    CASE(callers_are_served_in_call_order),
    CASE(failed_call_releases_its_permit),
    CASE(call_canceled_in_the_queue_never_runs),
    CASE(canceling_a_running_call_releases_its_permit),
    CASE(canceling_a_granted_call_loses_no_permit),
    CASE(permit_is_returned_with_its_last_reference),
    CASE(unclaimed_permit_is_returned),
    CASE(canceled_acquire_leaves_the_queue),
    CASE(canceling_a_queued_call_frees_no_permit),
    CASE(leaving_a_long_queue_takes_constant_time),
    CASE(released_limiter_serves_its_queue),
    CASE(limiter_without_permits_queues_all_until_a_resize),
    CASE(run_without_function_is_refused),
#ifndef AVOW_NO_POOL
    CASE(reused_limiter_allocates_nothing),
    CASE(limiter_frees_most_returned_permits),
#endif
    CASE(queued_permit_is_granted_without_allocation),
    CASE(permit_outlives_its_limiter_and_its_loop),
    CASE(canceling_a_call_with_shared_work_frees_its_permit),
    CASE(call_canceled_by_its_function_releases_its_permit),
    CASE(closing_the_loop_cancels_running_and_queued_calls),
  };
  return RUN(tests);
}
