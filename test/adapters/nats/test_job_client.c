/* SPDX-License-Identifier: MIT */
/*
 * Jobs have one outcome for each id, whichever program asks, however often, and
 * whichever worker runs them.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job_test.h"

static void job_runs_once_for_each_id(void **state) {
  avow_promise_t *worker = work(shout_cb, 1);
  avow_promise_t *first = job("a", "x");
  avow_promise_t *second = job("a", "y");
  assert_fulfills_bytes(first, "x!");
  assert_fulfills_bytes(second, "x!");
  assert_fulfills_bytes(job("a", "z"), "x!");
  assert_fulfills_bytes(job("b", "z"), "z!");
  assert_int_equal(calls, 2);
  wait_for_len(0);
  stop(worker);
}

static avow_value_t id_cb(const avow_value_t *arg, void *data) {
  return avow_string(avow_to_nats_job(arg)->id);
}

static void job_id_may_contain_any_bytes(void **state) {
  char longest[257];
  (void) memset(longest, '*', 256);
  longest[255] = '\0';
  const char *const ids[] = { "a b", "a.b",  "a..b", "*",    ">",     "=2E",
                              ".",   "\xff", "\n",   "\"}{", longest, "%s" };
  avow_promise_t *worker = work(id_cb, 3);
  for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
    assert_fulfills_bytes(avow_nats_job(&queue, ids[i], avow_none()), ids[i]);
  longest[255] = '*';
  longest[256] = '\0';
  assert_rejects(job(longest, "x"), UV_EINVAL);
  assert_rejects(job("", "x"), UV_EINVAL);
  assert_rejects(job(NULL, "x"), UV_EINVAL);
  assert_rejects(avow_nats_job(&queue, "a", avow_int(1)), UV_EINVAL);
  assert_rejects(avow_nats_job(&queue, "a", avow_error(UV_ENOENT)), UV_ENOENT);
  stop(worker);
}

static avow_value_t fail_cb(const avow_value_t *arg, void *data) {
  const avow_nats_job_t *job = avow_to_nats_job(arg);
  calls++;
  assert_int_equal(job->attempt, calls);
  const char *text = avow_to_bytes(&job->payload, NULL);
  return avow_error_new(atoi(text), avow_none(), "no: %s", text);
}

static void fails(const char *id, int code) {
  char text[32];
  (void) snprintf(text, sizeof(text), "%d", code);
  calls = 0;
  const avow_value_t v = avow_run(job(id, text));
  assert_int_equal(avow_error_code(&v), code);
  assert_string_equal(avow_error_message(&v) + 4, text);
  assert_int_equal(calls, 3);
  avow_value_unref(v);
}

/* The job has had all its attempts by then and is a dead letter. */
static void job_fails_with_its_handlers_error(void **state) {
  avow_promise_t *worker = work(fail_cb, 1);
  fails("a", UV_ENOENT);
  fails("b", AVOW_EBROKEN);
  fails("c", -30001);
  fails("d", UV_EOF);
  assert_rejects(job("a", "0"), UV_ENOENT);
  wait_for_len(0);
  stop(worker);
}

/* The dead letter holds the payload of the job. */
static void dead_job_is_kept_with_its_payload_and_error(void **state) {
  char api[128], which[128];
  avow_promise_t *worker = work(fail_cb, 1);
  fails("a.b", UV_ENOENT);
  (void) snprintf(api, sizeof(api), "$JS.API.DIRECT.GET.avow-done-%s", name);
  (void) snprintf(which, sizeof(which),
                  "{\"last_by_subj\":\"avow.%s.dead.a=2Eb\"}", name);
  const avow_value_t v =
      connected(avow_nats_request(&nats, api, avow_string(which), NULL));
  const char *why = "";
  natsMsg *msg = avow_to_nats_msg(&v);
  assert_string_equal(natsMsg_GetData(msg), "-2");
  assert_int_equal(natsMsgHeader_Get(msg, "Avow-Error", &why), NATS_OK);
  assert_string_equal(why, "ENOENT");
  avow_value_unref(v);
  stop(worker);
}

/* The worker is not canceled. A time limit inside the handler has the same
   effect. */
static avow_value_t canceled_cb(const avow_value_t *arg, void *data) {
  calls++;
  return avow_error(UV_ECANCELED);
}

static void ecanceled_from_a_handler_is_an_ordinary_failure(void **state) {
  avow_promise_t *worker = work(canceled_cb, 1);
  assert_rejects(job("a", "x"), UV_ECANCELED);
  assert_int_equal(calls, 3);
  wait_for_len(0);
  stop(worker);
}

static avow_value_t own_code_cb(const avow_value_t *arg, void *data) {
  return avow_error((int) strtol(avow_to_nats_job(arg)->id, NULL, 10));
}

static void job_may_fail_with_any_code(void **state) {
  static const int codes[] = { 7,       -7777,        INT_MAX,
                               INT_MIN, AVOW_EBROKEN, UV_EACCES };
  avow_promise_t *worker = work(own_code_cb, 1);
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    char id[16];
    (void) snprintf(id, sizeof(id), "%d", codes[i]);
    const avow_value_t v = avow_run(job(id, "x"));
    assert_int_equal(avow_error_code(&v), codes[i]);
    avow_value_unref(v);
  }
  stop(worker);
}

static avow_value_t int_cb(const avow_value_t *arg, void *data) {
  return avow_int(1);
}

static avow_value_t none_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static void job_outcome_must_be_bytes(void **state) {
  avow_promise_t *worker = work(int_cb, 1);
  assert_rejects(job("a", "x"), UV_EINVAL);
  stop(worker);
  worker = work(none_cb, 1);
  assert_fulfills_bytes(job("b", "x"), "");
  stop(worker);
}

static avow_value_t large_cb(const avow_value_t *arg, void *data) {
  char *out;
  calls++;
  const avow_value_t v = avow_bytes_new(2 * 1024 * 1024, &out);
  (void) memset(out, 'x', 2 * 1024 * 1024);
  return v;
}

static void job_above_the_servers_size_limit_rejects(void **state) {
  avow_promise_t *worker = work(large_cb, 1);
  assert_rejects(avow_nats_job(&queue, "a", large_cb(NULL, NULL)), UV_EMSGSIZE);
  calls = 0;
  assert_rejects(job("a", "x"), UV_EMSGSIZE);
  assert_int_equal(calls, 1);
  wait_for_len(0);
  stop(worker);
}

enum { LARGE = 1024 * 1024 }; /* the largest message of the server */

static avow_value_t verbose_cb(const avow_value_t *arg, void *data) {
  char *text = malloc(2 * LARGE);
  assert_non_null(text);
  (void) memset(text, 'x', 2 * LARGE - 1);
  text[2 * LARGE - 1] = '\0';
  const avow_value_t v = avow_error_new(UV_EACCES, avow_none(), "%s", text);
  free(text);
  return v;
}

static void long_error_message_is_truncated(void **state) {
  avow_promise_t *worker = work(verbose_cb, 1);
  const avow_value_t v = avow_run(job("a", "x"));
  assert_int_equal(avow_error_code(&v), UV_EACCES);
  assert_int_equal(strlen(avow_error_message(&v)), 1000);
  avow_value_unref(v);
  wait_for_len(0);
  stop(worker);
}

/* Adds a job as another program would, without headers of avow. */
static void put_in(const char *id, avow_value_t payload,
                   const char *const *headers) {
  char subject[64];
  (void) snprintf(subject, sizeof(subject), "avow.%s.job.%s", name, id);
  avow_value_unref(
      connected(avow_nats_request(&nats, subject, payload, headers)));
}

static void message_of_maximum_size_does_not_end_a_worker(void **state) {
  char *out;
  const avow_value_t payload = avow_bytes_new(LARGE, &out);
  (void) memset(out, 'x', LARGE);
  put_in("a", payload, NULL);
  avow_promise_t *worker = work(canceled_cb, 1);
  assert_rejects(job("a", "x"), UV_ECANCELED);
  wait_for_len(0);
  stop(worker);
}

static void job_with_a_status_header_runs(void **state) {
  static const char *const headers[] = { "Status: 404", NULL };
  put_in("a", avow_none(), headers);
  avow_promise_t *worker = work(shout_cb, 1);
  assert_fulfills_bytes(job("a", "y"), "!");
  wait_for_len(0);
  stop(worker);
}

static void canceled_job_leaves_the_queue(void **state) {
  avow_promise_t *p = job("a", "x");
  wait_for_len(1);
  cancel_job(p);
  wait_for_len(0);
  for (int turns = 0; turns < 5; turns++) {
    p = job("a", "x");
    for (int i = 0; i < turns; i++) {
      (void) uv_run(loop, UV_RUN_NOWAIT);
      uv_sleep(1);
    }
    cancel_job(p);
    run();
    wait_for_len(0);
  }
  avow_promise_t *worker = work(shout_cb, 1);
  assert_fulfills_bytes(job("a", "y"), "y!");
  stop(worker);
}

/* The last job may not be acknowledged yet. */
static void open_anew(void) {
  avow_value_clear(&queue);
  avow_value_clear(&nats);
  nats = connected(connect_patiently());
  queue = connected(avow_nats_queue(&nats, name, NULL));
}

/* Closes the connection at once, or after the promises have rejected. */
static void close_after_canceled_jobs(bool at_once) {
  enum { N = 20 };
  avow_promise_t *ps[N];
  for (int ms = 0; ms < 5; ms++) {
    for (int i = 0; i < N; i++) {
      char id[16];
      (void) snprintf(id, sizeof(id), "%d-%d", ms, i);
      ps[i] = job(id, "x");
    }
    if (ms == 0) /* all are queued */
      wait_for_len(N);
    uv_sleep((unsigned) ms);
    (void) uv_run(loop, UV_RUN_NOWAIT);
    for (int i = 0; i < N; i++)
      (at_once ? avow_cancel(ps[i]) : cancel_job(ps[i]));
    assert_fulfills_none(avow_nats_close(&nats));
    for (int i = 0; at_once && i < N; i++)
      assert_rejects(ps[i], UV_ECANCELED);
    open_anew();
    assert_fulfills_int(avow_nats_queue_len(&queue), 0);
  }
}

static void canceled_job_leaves_before_the_connection_closes(void **state) {
  close_after_canceled_jobs(false);
}

static void canceled_job_leaves_if_the_connection_closes_at_once(void **state) {
  close_after_canceled_jobs(true);
}

static void canceled_close_still_closes(void **state) {
  for (int turns = 0; turns < 3; turns++) {
    avow_promise_t *p = job("a", "x");
    wait_for_len(1);
    cancel_job(p);
    p = avow_nats_close(&nats);
    for (int i = 0; i < turns && avow_state(p) == AVOW_PENDING; i++)
      (void) uv_run(loop, UV_RUN_NOWAIT);
    cancel_job(p);
    run();
    assert_rejects(avow_nats_flush(&nats), UV_ENOTCONN);
    open_anew();
  }
}

/* The second caller waits no longer than without the canceled one. */
static void canceled_job_stays_for_other_callers(void **state) {
  avow_promise_t *one = job("a", "x");
  avow_promise_t *other = job("a", "x");
  wait_for_len(1);
  cancel_job(one);
  wait_for_len(0);
  wait_for_len(1);
  avow_promise_t *worker = work(shout_cb, 1);
  assert_fulfills_bytes(other, "x!");
  stop(worker);
}

/* The server would not give the job to another worker by itself. */
static void job_of_a_canceled_worker_is_returned(void **state) {
  const avow_nats_work_options_t patient = { .ack_wait = 1000000 };
  avow_promise_t *p = job("a", "x");
  avow_promise_t *hung = hanging(&queue, 3, 1000000);
  stop(hung);
  avow_promise_t *worker = avow_nats_work(&queue, shout_cb, NULL, &patient);
  assert_fulfills_bytes(p, "x!");
  stop(worker);
}

static void job_is_returned_if_the_connection_closes_at_once(void **state) {
  const avow_nats_work_options_t patient = { .ack_wait = 1000000 };
  avow_value_t other = connected(connect_patiently());
  avow_value_t same = connected(avow_nats_queue(&other, name, NULL));
  avow_promise_t *p = avow_nats_job(&same, "a", avow_string("x"));
  avow_promise_t *hung = hanging(&queue, 3, 1000000);
  avow_cancel(hung);
  assert_fulfills_none(avow_nats_close(&nats));
  assert_rejects(hung, UV_ECANCELED);
  avow_promise_t *worker = avow_nats_work(&same, shout_cb, NULL, &patient);
  assert_fulfills_bytes(p, "x!");
  stop(worker);
  avow_value_unref(same);
  avow_value_unref(other);
}

/* Opens the queue on a second connection. */
static avow_value_t queue_of_another(void) {
  const avow_value_t connection = connected(connect_patiently());
  const avow_value_t v = connected(avow_nats_queue(&connection, name, NULL));
  avow_value_unref(connection);
  return v;
}

/* The server may receive a heartbeat that was sent before the clock moved. */
static avow_value_t next_beat(const avow_channel_t *heard) {
  avow_promise_t *p = avow_channel_next(heard);
  while (avow_state(p) == AVOW_PENDING)
    advance(HOUR / 3);
  return avow_run(p);
}

/* The worker reports its progress after each third of `ack_wait`. */
static void worker_renews_the_ack_wait_of_a_running_job(void **state) {
  char all[96];
  (void) snprintf(all, sizeof(all), "$JS.ACK.avow-jobs-%s.workers.>", name);
  avow_channel_t *heard = avow_nats_subscribe(&nats, all, NULL, 0);
  avow_promise_t *p = job("a", "x");
  avow_promise_t *worker = hanging(&queue, 3, HOUR);
  for (int i = 0; i < 4; i++) {
    const avow_value_t v = next_beat(heard);
    assert_string_equal(natsMsg_GetData(avow_to_nats_msg(&v)), "+WPI");
    avow_value_unref(v);
  }
  avow_channel_unref(heard);
  stop(worker);
  avow_cancel(p);
  avow_unref(p);
  run();
}

enum { MANY = 300 };

static void several_workers_run_many_jobs(void **state) {
  char ids[MANY][16];
  avow_promise_t *ps[MANY];
  const avow_value_t other = queue_of_another();
  const avow_nats_work_options_t eight = { .concurrency = 8 };
  avow_promise_t *workers[] = {
    work(shout_cb, 8),
    avow_nats_work(&other, shout_cb, NULL, &eight),
  };
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(ids[i], sizeof(ids[i]), "%d", i);
    ps[i] = job(ids[i], "x");
  }
  const avow_value_t list = connected(avow_all(loop, ps, MANY));
  assert_int_equal(avow_list_len(&list), MANY);
  avow_value_unref(list);
  assert_int_equal(calls, MANY);
  wait_for_len(0);
  stop(workers[0]);
  stop(workers[1]);
  avow_value_unref(other);
}

/* No avow program can wait for jobs with such ids. */
static void invalid_jobs_of_other_programs_are_dropped(void **state) {
  char subject[1200];
  const int len = snprintf(subject, sizeof(subject), "avow.%s.job.", name);
  (void) memset(subject + len, 'x', 1000);
  subject[len + 1000] = '\0';
  avow_value_unref(
      connected(avow_nats_request(&nats, subject, avow_string("x"), NULL)));
  (void) strcpy(subject + len, "a\"b");
  avow_value_unref(
      connected(avow_nats_request(&nats, subject, avow_string("x"), NULL)));
  wait_for_len(2);
  avow_promise_t *worker = work(shout_cb, 1);
  assert_fulfills_bytes(job("a", "x"), "x!");
  wait_for_len(0);
  assert_int_equal(calls, 1);
  stop(worker);
}

SUITE(job_client) {
  const struct CMUnitTest tests[] = {
    JOB_CASE_BY_HAND(job_runs_once_for_each_id),
    JOB_CASE_BY_HAND(job_id_may_contain_any_bytes),
    JOB_CASE_BY_HAND(job_fails_with_its_handlers_error),
    JOB_CASE_BY_HAND(dead_job_is_kept_with_its_payload_and_error),
    JOB_CASE_BY_HAND(job_outcome_must_be_bytes),
    JOB_CASE_BY_HAND(job_above_the_servers_size_limit_rejects),
    JOB_CASE_BY_HAND(ecanceled_from_a_handler_is_an_ordinary_failure),
    JOB_CASE_BY_HAND(job_may_fail_with_any_code),
    JOB_CASE_BY_HAND(long_error_message_is_truncated),
    JOB_CASE_BY_HAND(message_of_maximum_size_does_not_end_a_worker),
    JOB_CASE_BY_HAND(job_with_a_status_header_runs),
    JOB_CASE_BY_HAND(canceled_job_leaves_the_queue),
    JOB_CASE_BY_HAND(canceled_job_leaves_before_the_connection_closes),
    JOB_CASE_BY_HAND(canceled_job_leaves_if_the_connection_closes_at_once),
    JOB_CASE_BY_HAND(canceled_close_still_closes),
    JOB_CASE_BY_HAND(canceled_job_stays_for_other_callers),
    JOB_CASE_BY_HAND(job_of_a_canceled_worker_is_returned),
    JOB_CASE_BY_HAND(job_is_returned_if_the_connection_closes_at_once),
    JOB_CASE_BY_HAND(worker_renews_the_ack_wait_of_a_running_job),
    JOB_CASE_BY_HAND(several_workers_run_many_jobs),
    JOB_CASE_BY_HAND(invalid_jobs_of_other_programs_are_dropped),
  };
  return RUN_JETSTREAM(tests);
}
