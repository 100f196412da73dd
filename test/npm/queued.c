/* SPDX-License-Identifier: MIT */
/* Functions that wait for a limiter and for a rate. */
#include "queued.h"

paced_t paced;

static npm_job_t work[MANY];

avow_promise_t *add(const avow_limiter_t *l, size_t i, uint64_t ms) {
  work[i] = (npm_job_t){ .ms = ms, .value = (int64_t) i };
  return avow_limiter_run(l, do_job, &work[i]);
}

avow_promise_t *add_many(const avow_limiter_t *l, size_t n, uint64_t ms) {
  avow_promise_t *ps[MANY];
  for (size_t i = 0; i < n; i++)
    ps[i] = add(l, i, ms);
  return avow_all_settled(loop, ps, n);
}

void assert_waiting(const avow_limiter_t *l, size_t n) {
  assert_int_equal(avow_limiter_waiting(l), n);
}

static avow_value_t begin_paced(const avow_value_t *arg, void *job) {
  paced.began[paced.n++] = avow_now(loop);
  return do_job(job);
}

static avow_value_t wait_for_token(void *job) {
  return avow_follow(
      avow_then(avow_rate_acquire(paced.rate, 1), begin_paced, NULL, job));
}

void run_by_rate(size_t concurrency, size_t n, uint64_t ms) {
  avow_limiter_t *l = avow_limiter_new(loop, concurrency);
  avow_promise_t *ps[MANY];
  for (size_t i = 0; i < n; i++) {
    work[i] = (npm_job_t){ .ms = ms };
    ps[i] = avow_limiter_run(l, wait_for_token, &work[i]);
  }
  finish(avow_all(loop, ps, n));
  avow_rate_unref(paced.rate);
  avow_limiter_unref(l);
}

void run_paced(size_t concurrency, uint64_t cap, uint64_t interval, size_t n,
               uint64_t ms) {
  paced = (paced_t){ .rate = avow_rate_new(loop, cap, interval, NULL) };
  run_by_rate(concurrency, n, ms);
}

/* A function with a time limit that counts from its start. */
typedef struct {
  npm_job_t job;
  uint64_t limit;
} limited_t;

static avow_value_t do_in_time(void *data) {
  limited_t *limited = data;
  return avow_follow(
      avow_timeout(avow_promise_resolve(loop, do_job(&limited->job)),
                   limited->limit));
}

static avow_value_t give_word(void *unused) {
  return avow_bytes("sync", 4);
}

static avow_value_t break_it(void *unused) {
  return avow_error(UV_EPROTO);
}

void two_permits_run_two_calls_at_a_time(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_promise_t *ps[] = { add(l, 0, 0), add(l, 1, 100), add(l, 2, 0) };

  assert_waiting(l, 1);

  assert_outcome(avow_all(loop, ps, 3), "is=[0 1 2]");
  avow_limiter_unref(l);
}

void timeouts_start_with_the_function(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  limited_t late = { { .ms = 400 }, 300 };
  limited_t early = { { .ms = 200, .value = 7 }, 300 };
  limited_t shorter = { { .ms = 100 }, 10 };
  limited_t longer = { { .ms = 400, .value = 8 }, 500 };
  avow_promise_t *p = avow_limiter_run(l, do_in_time, &late);
  avow_promise_t *q = avow_limiter_run(l, do_in_time, &early);
  avow_promise_t *r = avow_limiter_run(l, do_in_time, &shorter);
  avow_promise_t *s = avow_limiter_run(l, do_in_time, &longer);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_fulfills_int(q, 7);
  assert_rejects(r, UV_ETIMEDOUT);
  assert_fulfills_int(s, 8);
  assert_fulfills_none(avow_limiter_idle(l));
  avow_limiter_unref(l);
}

void limiter_is_idle_when_all_calls_are_done(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  for (int again = 0; again < 2; again++) {
    avow_promise_t *p = add_many(l, 3, 100);
    assert_waiting(l, 1);

    assert_fulfills_none(avow_limiter_idle(l));

    assert_waiting(l, 0);
    finish(p);
  }
  avow_limiter_unref(l);
}

void other_calls_run_after_a_failure(void **state) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_promise_t *p = avow_limiter_run(l, give_word, NULL);
  avow_promise_t *q = avow_limiter_run(l, break_it, NULL);
  avow_promise_t *r = avow_limiter_run(l, give_word, NULL);

  assert_fulfills_bytes(p, "sync");
  assert_rejects(q, UV_EPROTO);
  assert_fulfills_bytes(r, "sync");

  assert_waiting(l, 0);
  avow_limiter_unref(l);
}

void zero_rate_is_refused(void **state) {
  avow_rate_t *none = avow_rate_new(loop, 0, 100, NULL);
  avow_rate_t *always = avow_rate_new(loop, 1, 0, NULL);

  assert_rejects(avow_rate_acquire(none, 1), UV_EINVAL);
  assert_rejects(avow_rate_acquire(always, 1), UV_EINVAL);

  avow_rate_unref(none);
  avow_rate_unref(always);
}

void rate_admits_one_call_in_each_interval(void **state) {
  run_paced(SIZE_MAX, 1, 500, 2, 0);

  assert_int_equal(paced.began[0], 0);
  assert_int_equal(paced.began[1], 500);
}

void interval_does_not_wait_for_a_running_call(void **state) {
  run_paced(SIZE_MAX, 1, 500, 2, 600);

  assert_int_equal(paced.began[1], 500);
  assert_int_equal(avow_now(loop), 1100);
}

void permits_and_rate_both_limit_calls(void **state) {
  run_paced(5, 10, 1000, 13, 300);

  assert_int_equal(jobs_at_most(), 5);
  assert_int_equal(paced.began[5], 300);
  assert_true(paced.began[12] >= 300);
}

void idle_time_refills_the_rate(void **state) {
  avow_rate_t *r = avow_rate_new(loop, 2, 100, NULL);
  finish(avow_rate_acquire(r, 2));
  assert_false(avow_rate_try(r, 1));

  finish(avow_sleep(loop, 1000));

  assert_true(avow_rate_try(r, 2));
  avow_rate_unref(r);
}
