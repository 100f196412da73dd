/* SPDX-License-Identifier: MIT */
/* Jobs whose worker, server or caller was lost. They still have one outcome. */
#include <stdio.h>

#include "job_test.h"

/* In ms: how long the server waits for a silent worker. It may give up on a
   worker that is alive if the machine stalls. No test counts attempts exactly
   for this reason. */
enum { SOON = 100, ENOUGH = 1000000 };

static avow_promise_t *work_soon(avow_cb handler, unsigned attempts) {
  const avow_nats_work_options_t options = { .attempts = attempts,
                                             .ack_wait = SOON };
  return avow_nats_work(&queue, handler, NULL, &options);
}

static void nothing(void) {
}

/* Ends a worker as the end of its program does: it returns no job. `before` is
   called while the worker has the job in hand. */
static avow_promise_t *lose_worker(unsigned attempts, void (*before)(void)) {
  const avow_value_t connection = connected(connect_patiently());
  const avow_value_t its = connected(avow_nats_queue(&connection, name, NULL));
  avow_promise_t *p = job("a", "x");
  avow_promise_t *worker = hanging(&its, attempts, SOON);
  before();
  assert_fulfills_none(avow_nats_close(&connection));
  assert_rejects(worker, UV_ENOTCONN);
  avow_value_unref(its);
  avow_value_unref(connection);
  return p;
}

static avow_value_t attempt_cb(const avow_value_t *arg, void *data) {
  char text[16];
  (void) snprintf(text, sizeof(text), "%u", avow_to_nats_job(arg)->attempt);
  return avow_string(text);
}

/* Returns the attempt in which the job was done. */
static int attempt_of(avow_promise_t *p) {
  const avow_value_t v = connected(p);
  assert_int_equal(v.tag, AVOW_BYTES);
  const int attempt = atoi(avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  return attempt;
}

static void job_survives_a_lost_worker(void **state) {
  avow_promise_t *p = lose_worker(ENOUGH, nothing);
  avow_promise_t *worker = work_soon(attempt_cb, ENOUGH);
  assert_true(attempt_of(p) >= 2);
  stop(worker);
}

static void cancel_another(void) {
  avow_promise_t *p = job("b", "x");
  wait_for_len(2);
  cancel_job(p);
  wait_for_len(1);
}

/* nats-server 2.9 forgets the job when the queue is purged. */
static void job_survives_a_lost_worker_and_a_canceled_job(void **state) {
  avow_promise_t *p = lose_worker(ENOUGH, cancel_another);
  avow_promise_t *worker = work_soon(attempt_cb, ENOUGH);
  assert_true(attempt_of(p) >= 2);
  stop(worker);
}

static void purge_jobs(void) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.STREAM.PURGE.avow-jobs-%s", name);
  avow_value_unref(connected(avow_nats_request(
      &nats, api, avow_string("{\"filter\":\"avow.none.job.b\"}"), NULL)));
}

/* Longer than the interval at which a worker looks for forgotten jobs. */
enum { SWEEP_MS = 4000 };

/* A server that was killed may forget that a worker has a job. Servers later
   than 2.9 do not forget it by this purge, so that it is the second attempt.
   The clock advances while the server answers, so that the worker looks for
   jobs and receives them. */
static void job_survives_a_server_that_dropped_it(void **state) {
  avow_promise_t *p = lose_worker(ENOUGH, purge_jobs);
  avow_promise_t *worker = work_soon(attempt_cb, ENOUGH);
  while (avow_state(p) == AVOW_PENDING) {
    advance(SWEEP_MS);
    avow_value_unref(connected(avow_nats_queue_len(&queue)));
  }
  assert_true(attempt_of(p) >= 1);
  wait_for_len(0);
  stop(worker);
}

/* A job that ends its workers is given up. */
static void job_rejects_when_lost_workers_used_its_attempts(void **state) {
  avow_promise_t *p = lose_worker(1, nothing);
  avow_promise_t *worker = work_soon(shout_cb, 1);
  assert_rejects(p, UV_ECONNABORTED);
  assert_int_equal(calls, 1); /* by the lost worker */
  stop(worker);
}

static void reconnecting(void) {
  avow_value_clear(&queue);
  avow_value_clear(&nats);
  nats = connected(avow_nats_connect(loop, NULL, options_that_reconnect()));
  queue = connected(avow_nats_queue(&nats, name, NULL));
}

static void restart_server(void) {
  nats_server_stop();
  nats_server_start();
}

/* The clock advances, because a request that the server did not answer while it
   started is repeated after a time limit. */
static void comes_to(avow_promise_t *p, const char *outcome) {
  settle(p);
  assert_fulfills_bytes(p, outcome);
}

/* The caller and the worker exist before and after the restart. */
/* A job that the server sends to the inbox that a reconnected worker has just
   replaced returns when its `ack_wait` ends, so it must be short here. */
static void job_survives_a_server_restart(void **state) {
  reconnecting();
  avow_promise_t *before = job("a", "x");
  wait_for_len(1);
  restart_server();
  avow_promise_t *worker = work_soon(shout_cb, ENOUGH);
  comes_to(before, "x!");
  restart_server();
  comes_to(job("b", "y"), "y!");
  comes_to(job("a", "y"), "x!");
  stop(worker);
}

static avow_deferred_t *goes_on; /* the handler waits for it */

static avow_value_t held_cb(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_promise_new(loop, &goes_on);
  calls++;
  (void) avow_resolve(in_hand, avow_none());
  return avow_follow(p);
}

static int unhandled;

static void count_unhandled(uv_loop_t *of, const avow_value_t *reason,
                            const char *where, void *data) {
  unhandled++;
}

static void restart_and_come_back(void) {
  avow_channel_t *states = avow_nats_states(&nats);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  restart_server();
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_RECONNECTING);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  avow_channel_unref(states);
}

static void count_unhandled_rejections(void) {
  const avow_options_t options = { STEADY, .on_unhandled = count_unhandled,
                                   .clock = AVOW_CLOCK_BY_HAND };
  avow_value_clear(&queue);
  avow_value_clear(&nats);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  unhandled = 0;
}

/* The worker finishes the job that it has in hand, and no other worker receives
   it. */
static void running_job_survives_a_server_restart(void **state) {
  count_unhandled_rejections();
  reconnecting();
  const avow_nats_work_options_t options = { .ack_wait = HOUR };
  avow_promise_t *is_in_hand = avow_promise_new(loop, &in_hand);
  avow_promise_t *p = job("a", "x");
  avow_promise_t *worker = avow_nats_work(&queue, held_cb, NULL, &options);
  assert_fulfills_none(is_in_hand);
  restart_and_come_back();
  restart_and_come_back();
  (void) avow_resolve(goes_on, avow_string("there"));
  comes_to(p, "there");
  assert_int_equal(calls, 1);
  assert_int_equal(unhandled, 0);
  stop(worker);
}

/* Call this after the loop was closed. */
static void come_back(void) {
  avow_value_clear(&queue);
  avow_value_clear(&nats);
  begin_anew();
  nats = connected(connect_patiently());
  queue = connected(avow_nats_queue(&nats, name, NULL));
}

/* The caller ends, starts again and asks again. */
static void job_survives_the_closed_loop_of_its_caller(void **state) {
  avow_promise_t *p = job("a", "x");
  wait_for_len(1);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  come_back();
  wait_for_len(1);
  p = job("a", "y");
  avow_promise_t *worker = work(shout_cb, 1);
  assert_fulfills_bytes(p, "x!");
  stop(worker);
}

/* The loop of a worker closes while it has jobs in hand. */
static void job_survives_the_closed_loop_of_a_worker(void **state) {
  avow_promise_t *p = job("a", "x");
  avow_promise_t *worker = hanging(&queue, ENOUGH, SOON);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);
  avow_unref(worker);
  come_back();
  worker = work_soon(shout_cb, ENOUGH);
  assert_fulfills_bytes(job("a", "y"), "x!");
  stop(worker);
}

SUITE(job_lost) {
  const struct CMUnitTest tests[] = {
    JOB_CASE_BY_HAND(job_survives_a_lost_worker),
    JOB_CASE_BY_HAND(job_survives_a_lost_worker_and_a_canceled_job),
    JOB_CASE_BY_HAND(job_survives_a_server_that_dropped_it),
    JOB_CASE_BY_HAND(job_rejects_when_lost_workers_used_its_attempts),
    JOB_CASE_BY_HAND(job_survives_a_server_restart),
    JOB_CASE_BY_HAND(running_job_survives_a_server_restart),
    JOB_CASE(job_survives_the_closed_loop_of_its_caller),
    JOB_CASE(job_survives_the_closed_loop_of_a_worker),
  };
  return RUN_JETSTREAM(tests);
}
