/* SPDX-License-Identifier: MIT */
/* Jobs of the thread pool: the owners of their data, and when each job ends. */
#include <stdatomic.h>

#include "thread_pool.h"

typedef struct {
  atomic_int calls; /* calls of the function */
  int frees;        /* calls of free_fn */
  avow_value_t result;
  uv_thread_t caller;
} job_t;

static avow_value_t call(void *data) {
  job_t *job = data;
  atomic_fetch_add(&job->calls, 1);
  job->caller = uv_thread_self();
  return job->result;
}

static avow_value_t call_held(void *data) {
  wait_in_pool();
  return call(data);
}

static void free_job(void *data) {
  job_t *job = data;
  job->frees++;
}

/* A completed job whose completion the loop has not received. */
static avow_promise_t *undelivered_job(job_t *job) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = avow_work(loop, call, job, free_job);
  wait_until_taken();
  release_pool();
  return p;
}

static void work_gives_what_its_function_returns(void **state) {
  job_t job = { .result = avow_string("from afar") };
  const uv_thread_t self = uv_thread_self();

  assert_fulfills_bytes(avow_work(loop, call, &job, free_job), "from afar");

  assert_int_equal(job.calls, 1);
  assert_int_equal(job.frees, 1);
  assert_false(uv_thread_equal(&job.caller, &self));
}

static void work_rejects_with_the_error_of_its_function(void **state) {
  job_t job = { .result = avow_error_new(UV_EIO, avow_none(), "no disk") };

  const avow_value_t v = avow_run(avow_work(loop, call, &job, free_job));

  assert_int_equal(avow_error_code(&v), UV_EIO);
  assert_string_equal(avow_error_message(&v), "no disk");
  assert_int_equal(job.frees, 1);
  avow_value_unref(v);
}

static void work_accepts_a_null_free_function(void **state) {
  job_t job = { .result = avow_int(7) };

  assert_fulfills_int(avow_work(loop, call, &job, NULL), 7);
}

static avow_value_t count_frees_cb(const avow_value_t *arg, void *data) {
  const job_t *job = data;
  return avow_int(job->frees);
}

static void work_frees_its_data_before_handlers_run(void **state) {
  job_t job = { .result = avow_none() };

  avow_promise_t *p = avow_work(loop, call, &job, free_job);

  assert_fulfills_int(avow_then(p, count_frees_cb, NULL, &job), 1);
}

static void work_without_a_function_rejects_and_frees(void **state) {
  job_t job = { .frees = 0 };

  assert_rejects(avow_work(loop, NULL, &job, free_job), UV_EINVAL);
  assert_rejects(avow_work(loop, NULL, NULL, NULL), UV_EINVAL);

  assert_int_equal(job.frees, 1);
}

static avow_value_t stamp_fn(void *data) {
  return avow_int(5);
}

static avow_value_t start_then(void *self, avow_deferred_t *d) {
  (void) avow_resolve(d, stamp_fn(self)); /* the promise is pending */
  return avow_none();
}

static void work_function_may_return_a_thenable(void **state) {
  static const avow_class_t foreign = { .name = "foreign", .then = start_then };
  job_t job = { .result = avow_object(&foreign, NULL) };

  assert_fulfills_int(avow_work(loop, call, &job, free_job), 5);
}

static void return_a_promise(void) {
  job_t job = { .frees = 0 };
  avow_deferred_t *d;
  job.result = avow_follow(avow_promise_new(loop, &d));

  const avow_value_t v = avow_run(avow_work(loop, call, &job, free_job));

  assert_int_equal(avow_error_code(&v), AVOW_EMISUSE);
  assert_int_equal(job.frees, 1);
  avow_deferred_drop(d);
}

/* The test forks for the abort, so this process has no threads yet. */
static void work_that_returns_a_promise_is_misuse(void **state) {
  assert_misuse(return_a_promise, "avow_work(): fn returned a promise");
}

static void canceled_queued_work_never_runs(void **state) {
  job_t job = { .frees = 0 };
  hold_pool(THREADS);
  avow_promise_t *p = avow_work(loop, call, &job, free_job);

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_int_equal(job.frees, 0); /* never within the call */
  while (job.frees == 0)          /* even while the pool is busy */
    (void) uv_run(loop, UV_RUN_ONCE);
  release_pool();
  run();

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(job.calls, 0);
  assert_int_equal(job.frees, 1);
}

static void canceled_running_work_rejects_when_it_ends(void **state) {
  job_t job = { .result = avow_string("late") };
  avow_promise_t *p = avow_work(loop, call_held, &job, free_job);
  meet_in_pool();

  avow_cancel(p);
  avow_cancel(p);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the work keeps it alive */
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_int_equal(job.frees, 0); /* the thread still uses it */
  release_pool_threads();

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(job.calls, 1);
  assert_int_equal(job.frees, 1);
}

static void canceled_running_detached_work_rejects_at_once(void **state) {
  job_t job = { .result = avow_string("late") };
  avow_promise_t *p = avow_work_detached(loop, call_held, &job, free_job);
  meet_in_pool();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(job.frees, 0);
  release_pool_threads();
  run();

  assert_int_equal(job.calls, 1);
  assert_int_equal(job.frees, 1);
}

static void detached_work_gives_what_its_function_returns(void **state) {
  job_t job = { .result = avow_int(7) };

  assert_fulfills_int(avow_work_detached(loop, call, &job, free_job), 7);
  assert_rejects(avow_work_detached(loop, NULL, &job, free_job), UV_EINVAL);

  assert_int_equal(job.frees, 2);
}

static void mark_free(void *data) {
  job_t *job = data;
  assert_int_equal(job->calls, 1); /* the job has run */
  job->frees++;
}

/* The data of a function stays valid while the function runs. */
static void timeout_of_work_waits_for_its_function(void **state) {
  job_t job = { .result = avow_string("late") };
  avow_promise_t *p = avow_work(loop, call_held, &job, NULL);
  avow_promise_t *const stop = avow_next_iteration(loop);
  p = avow_until(avow_attach(p, &job, mark_free), stop);
  meet_in_pool();
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the work keeps it alive */
  assert_int_equal(avow_state(p), AVOW_PENDING);

  release_pool_threads();

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(job.frees, 1);
  avow_unref(stop);
}

static avow_value_t work_held_fn(void *data) {
  return avow_follow(avow_work(loop, call_held, data, NULL));
}

static void mutex_is_held_until_canceled_work_ends(void **state) {
  job_t one = { .result = avow_none() }, two = { .result = avow_none() };
  avow_limiter_t *mutex = avow_limiter_new(loop, 1);
  avow_promise_t *p = avow_limiter_run(mutex, work_held_fn, &one);
  avow_promise_t *q = avow_limiter_run(mutex, work_held_fn, &two);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* its promises keep it alive */
  meet_in_pool();

  avow_cancel(p);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the job keeps it alive */
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.requests, 1);
  release_pool_threads();
  assert_rejects(p, UV_ECANCELED);
  meet_in_pool();
  assert_int_equal(one.calls, 1);
  release_pool_threads();

  assert_fulfills_none(q);
  avow_limiter_unref(mutex);
}

static avow_value_t ask_twice(void *data) {
  const bool before = avow_work_is_wanted();
  wait_in_pool();
  *(int *) data = before * 2 + avow_work_is_wanted();
  return avow_none();
}

static void running_work_can_detect_its_cancellation(void **state) {
  int said = 0;
  avow_promise_t *p = avow_work(loop, ask_twice, &said, NULL);
  meet_in_pool();
  avow_cancel(p);
  release_pool_threads();
  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(said, 2);

  p = avow_work(loop, ask_twice, &said, NULL);
  meet_in_pool();
  release_pool_threads();
  assert_fulfills_none(p);
  assert_int_equal(said, 3);
  assert_true(avow_work_is_wanted()); /* outside a job, the answer is true */
}

static void canceled_undelivered_work_drops_its_result(void **state) {
  job_t job = { .result = avow_string("late") };
  avow_promise_t *p = undelivered_job(&job);

  avow_cancel(p);
  run();

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(job.frees, 1);
}

typedef struct {
  job_t job;
  avow_promise_t *p;
} own_victim_t;

static void cancel_own(void *data) {
  own_victim_t *victim = data;
  avow_cancel(victim->p);
  victim->job.frees++;
}

static void work_canceled_by_its_free_function_drops_the_result(void **state) {
  own_victim_t victim = { .job.result = avow_string("late") };
  victim.p = avow_work(loop, call, &victim, cancel_own);

  run();

  assert_rejects(victim.p, UV_ECANCELED);
  assert_int_equal(victim.job.frees, 1);
}

static void loop_close_waits_for_running_work(void **state) {
  job_t job = { .result = avow_string("late") };
  job_t queued = { .frees = 0 };
  hold_pool(THREADS - 1);
  avow_promise_t *p = avow_work(loop, call_held, &job, free_job);
  meet_in_pool();
  avow_promise_t *q = avow_work(loop, call, &queued, free_job);
  release_pool();
  release_pool_threads();

  assert_int_equal(avow_loop_close(loop), 0);
  run(); /* avow does not wait for the program's own jobs */

  assert_int_equal(job.frees, 1);
  assert_int_equal(queued.frees, 1);
  avow_unref(p);
  avow_unref(q);
  run(); /* the program's own jobs */
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void work_without_memory_frees_its_data(void **state) {
  bool done = false;
  for (long nth = 1; !done; nth++) {
    job_t job = { .result = avow_int(1) };
    fail_allocation(nth, false);
    const avow_value_t v = avow_run(avow_work(loop, call, &job, free_job));
    done = !allocation_failed();
    fail_allocation(0, false);

    assert_int_equal(avow_error_code(&v), done ? 0 : UV_ENOMEM);
    assert_int_equal(job.frees, 1);
    assert_true(nth < 100);
  }
}

static void null_free_function_is_accepted_without_memory(void **state) {
  fail_allocation(1, true);

  assert_rejects(avow_work(loop, stamp_fn, NULL, NULL), UV_ENOMEM);

  fail_allocation(0, false);
}

static void random_gives_the_requested_bytes(void **state) {
  const avow_value_t a = avow_run(avow_random(loop, 32));
  const avow_value_t b = avow_run(avow_random(loop, 32));
  const avow_value_t none = avow_run(avow_random(loop, 0));
  size_t a_len, b_len, len;

  const char *a_bytes = avow_to_bytes(&a, &a_len);
  const char *b_bytes = avow_to_bytes(&b, &b_len);
  (void) avow_to_bytes(&none, &len);

  assert_int_equal(a_len, 32);
  assert_int_equal(b_len, 32);
  assert_int_equal(len, 0);
  assert_memory_not_equal(a_bytes, b_bytes, 32);
  avow_value_unref(a);
  avow_value_unref(b);
  avow_value_unref(none);
}

static void random_refuses_sizes_above_the_libuv_limit(void **state) {
  const avow_value_t v = avow_run(avow_random(loop, (size_t) INT_MAX + 1));

  assert_int_equal(avow_error_code(&v), UV_E2BIG);
  assert_string_equal(avow_error_message(&v), "random: argument list too long");
  avow_value_unref(v);
}

static void random_without_memory_rejects(void **state) {
  bool done = false;
  for (long nth = 1; !done; nth++) {
    fail_allocation(nth, false);
    const avow_value_t v = avow_run(avow_random(loop, 1000));
    done = !allocation_failed();
    fail_allocation(0, false);

    assert_int_equal(avow_error_code(&v), done ? 0 : UV_ENOMEM);
    avow_value_unref(v);
    assert_true(nth < 100);
  }
}

/* A blocking call without a request in libuv needs no more code. */
static avow_value_t host_name(void *data) {
  char name[UV_MAXHOSTNAMESIZE];
  size_t size = sizeof(name);
  const int err = uv_os_gethostname(name, &size);
  return err < 0 ? avow_error(err) : avow_bytes(name, size);
}

static void work_runs_blocking_calls(void **state) {
  char name[UV_MAXHOSTNAMESIZE];
  size_t size = sizeof(name);
  assert_int_equal(uv_os_gethostname(name, &size), 0);

  assert_fulfills_bytes(avow_work(loop, host_name, NULL, NULL), name);
}

static avow_value_t wait_fn(void *data) {
  wait_in_pool();
  return avow_none();
}

static void assert_pool(unsigned on_pool, unsigned waiting) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  assert_int_equal(stats.on_pool, on_pool);
  assert_int_equal(stats.waiting, waiting);
}

static void work_above_the_thread_count_waits(void **state) {
  enum { N = THREADS + 2 };
  avow_promise_t *all[N + 1] = { avow_sleep(loop, 1) }; /* not a job */
  assert_pool(0, 0);
  for (int i = 1; i <= N; i++)
    all[i] = avow_work(loop, wait_fn, NULL, NULL);

  assert_pool(N, N - THREADS);
  for (int i = 0; i < N; i++)
    release_pool_threads();
  for (int i = 0; i < N; i++)
    meet_in_pool();
  avow_value_unref(avow_run(avow_all(loop, all, N + 1)));

  assert_pool(0, 0);
}

/* A canceled job counts until the pool has finished it. */
static void canceled_work_is_counted_until_it_ends(void **state) {
  avow_promise_t *p = avow_work_detached(loop, wait_fn, NULL, NULL);
  meet_in_pool();

  assert_cancels_at_once(p);

  assert_pool(1, 0);
  release_pool_threads();
  run();
  assert_pool(0, 0);
}

SUITE(work) {
  pool_init();
  const struct CMUnitTest tests[] = {
    CASE(work_that_returns_a_promise_is_misuse),
    CASE(work_gives_what_its_function_returns),
    CASE(work_rejects_with_the_error_of_its_function),
    CASE(work_accepts_a_null_free_function),
    CASE(work_frees_its_data_before_handlers_run),
    CASE(work_without_a_function_rejects_and_frees),
    CASE(work_function_may_return_a_thenable),
    CASE(canceled_queued_work_never_runs),
    CASE(canceled_running_work_rejects_when_it_ends),
    CASE(canceled_running_detached_work_rejects_at_once),
    CASE(detached_work_gives_what_its_function_returns),
    CASE(timeout_of_work_waits_for_its_function),
    CASE(mutex_is_held_until_canceled_work_ends),
    CASE(running_work_can_detect_its_cancellation),
    CASE(canceled_undelivered_work_drops_its_result),
    CASE(work_canceled_by_its_free_function_drops_the_result),
    CASE(loop_close_waits_for_running_work),
    CASE(work_without_memory_frees_its_data),
    CASE(null_free_function_is_accepted_without_memory),
    CASE(random_gives_the_requested_bytes),
    CASE(random_refuses_sizes_above_the_libuv_limit),
    CASE(random_without_memory_rejects),
    CASE(work_runs_blocking_calls),
    CASE(work_above_the_thread_count_waits),
    CASE(canceled_work_is_counted_until_it_ends),
  };
  return RUN(tests);
}
