/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: each allocation of avow, of the adapter and of libuv fails in
 * turn, once or from then on. Each request must fulfill or reject, and nothing
 * may be left.
 */
#include <stdio.h>

#include "nats_test.h"
#include "other.h"

static avow_value_t close_cb(const avow_value_t *connection, void *data) {
  return avow_follow(avow_nats_close(connection));
}

static avow_value_t none_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

/* The connection is freed with the last request. */
static avow_value_t ask_cb(const avow_value_t *connection, void *data) {
  static const char *const headers[] = { "Seen: 1", NULL };
  avow_promise_t *all[] = {
    avow_nats_request(connection, "echo", avow_string("x"), headers),
    avow_nats_request(connection, "twice", avow_none(), NULL),
    avow_nats_publish(connection, "silent", avow_none(), NULL),
  };
  return avow_follow(avow_then(avow_all(loop, all, 3), none_cb, NULL, NULL));
}

static avow_promise_t *connect_and_ask(void) {
  avow_promise_t *p = connect_patiently();
  return avow_then(p, ask_cb, NULL, NULL);
}

static avow_value_t kept;

static void drop_kept(void *unused) {
  avow_value_clear(&kept);
}

static avow_value_t answer_cb(const avow_value_t *question, void *data) {
  return avow_follow(avow_nats_answer(&kept, question, avow_none(), NULL));
}

/* Sends messages to itself. */
static avow_value_t listen_cb(const avow_value_t *connection, void *data) {
  kept = avow_value_ref(connection);
  avow_channel_t *c = avow_nats_subscribe(&kept, "self", NULL, 0);
  avow_promise_t *all[] = {
    avow_nats_flush(&kept),
    avow_nats_request(&kept, "self", avow_string("x"), NULL),
    avow_then(avow_channel_first(c), answer_cb, NULL, NULL),
    avow_channel_first(avow_nats_states(&kept)),
  };
  return avow_follow(avow_then(avow_all(loop, all, 4), none_cb, NULL, NULL));
}

static avow_promise_t *connect_and_listen(void) {
  avow_promise_t *p = connect_patiently();
  return avow_attach(avow_then(p, listen_cb, NULL, NULL), &kept, drop_kept);
}

static avow_promise_t *connect_and_close(void) {
  avow_promise_t *p = connect_patiently();
  return avow_then(p, close_cb, NULL, NULL);
}

static avow_value_t connection, queue, bucket;

static int queue_setup(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  connection = connected(connect_patiently());
  queue = connected(avow_nats_queue(&connection, "oom", NULL));
  bucket = connected(avow_nats_bucket(&connection, "oom", NULL));
  return 0;
}

static int queue_setup_by_hand(void **state) {
  return by_hand(queue_setup, state);
}

static int queue_teardown(void **state) {
  avow_value_clear(&queue);
  avow_value_clear(&bucket);
  avow_value_clear(&connection);
  return harness_teardown(state);
}

static avow_promise_t *open_and_count(void) {
  avow_promise_t *all[] = {
    avow_nats_bucket(&connection, "another", NULL),
    avow_nats_queue(&connection, "another", NULL),
    avow_nats_queue_len(&queue),
  };
  return avow_then(avow_all(loop, all, 3), none_cb, NULL, NULL);
}

/* Uses a new id each time, because an old job would have an outcome. */
static avow_promise_t *job(void) {
  static int number;
  char id[16];
  (void) snprintf(id, sizeof(id), "%d", ++number);
  return avow_nats_job(&queue, id, avow_string("x"));
}

/* By then the job waits for its outcome, unless the machine is slow. The time
   limit ends it in any case. */
static avow_value_t late_cb(const avow_value_t *reason, void *data) {
  return avow_is_timeout(reason) ? avow_none() : avow_value_ref(reason);
}

static avow_promise_t *ask_in_vain(void) {
  return avow_catch(avow_timeout(job(), 20), late_cb, NULL);
}

static avow_value_t close_now(const avow_value_t *arg, void *data) {
  return avow_follow(avow_nats_close(&connection));
}

/* Closes while the canceled job is leaving the queue. */
static avow_promise_t *cancel_and_close(void) {
  return avow_then(ask_in_vain(), close_now, NULL, NULL);
}

static avow_value_t echo_cb(const avow_value_t *job, void *data) {
  return avow_value_ref(&avow_to_nats_job(job)->payload);
}

/* If the message with the outcome is lost, a later look at the queue finds
   it. */
static avow_promise_t *ask_and_work(void) {
  const avow_nats_work_options_t options = { .attempts = 1000, .delay = 1 };
  avow_promise_t *both[] = {
    avow_nats_work(&queue, echo_cb, NULL, &options),
    job(),
  };
  avow_promise_t *p = avow_join_losers(avow_race(loop, both, 2));
  p = avow_then(p, none_cb, NULL, NULL);
  return avow_catch(avow_timeout(p, 60), late_cb, NULL);
}

static void connect_survives_allocation_failure(void **state) {
  assert_survives_failing_memory(harness_setup, harness_teardown, state,
                                 connect_and_close);
}

static void requests_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(harness_setup, harness_teardown, state,
                                 connect_and_ask);
}

static void subscriptions_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(harness_setup, harness_teardown, state,
                                 connect_and_listen);
}

static void queues_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(queue_setup_by_hand, queue_teardown, state,
                                 open_and_count);
}

static void jobs_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(queue_setup, queue_teardown, state,
                                 ask_in_vain);
}

static void canceled_jobs_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(queue_setup, queue_teardown, state,
                                 cancel_and_close);
}

static void workers_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(queue_setup, queue_teardown, state,
                                 ask_and_work);
}

static avow_value_t rest_cb(const avow_value_t *revision, void *data) {
  avow_promise_t *all[] = {
    avow_nats_get(&bucket, "a"),
    avow_channel_first(avow_nats_watch(&bucket, "*")),
    avow_nats_delete(&bucket, "b"),
  };
  return avow_follow(avow_then(avow_all(loop, all, 3), none_cb, NULL, NULL));
}

static avow_promise_t *put_and_watch(void) {
  return avow_then(avow_nats_put(&bucket, "a", avow_string("x")), rest_cb, NULL,
                   NULL);
}

static void buckets_survive_allocation_failure(void **state) {
  assert_survives_failing_memory(queue_setup_by_hand, queue_teardown, state,
                                 put_and_watch);
}

static void loop_close_survives_allocation_failure(void **state) {
  for (long nth = 1; nth < 30; nth++) {
    avow_promise_t *p = connect_and_ask();
    for (long i = 0; i < nth % 3; i++) {
      (void) uv_run(loop, UV_RUN_NOWAIT);
      uv_sleep(1);
    }
    fail_allocation(nth, true);
    assert_int_equal(avow_loop_close(loop), 0);
    fail_allocation(0, false);
    assert_non_null(avow_result(p));
    avow_unref(p);
    begin_anew();
  }
}

static int oom_setup(void **state) {
  if (count_libuv() != 0)
    return -1;
  (void) jetstream_group_setup(state);
  other_begin(nats_url());
  return 0;
}

static int oom_teardown(void **state) {
  other_end();
  return jetstream_group_teardown(state);
}

#define QUEUE_CASE(f) \
  cmocka_unit_test_setup_teardown(f, queue_setup, queue_teardown)

SUITE(oom_nats) {
  const struct CMUnitTest tests[] = {
    CASE(connect_survives_allocation_failure),
    CASE(requests_survive_allocation_failure),
    CASE(subscriptions_survive_allocation_failure),
    QUEUE_CASE(queues_survive_allocation_failure),
    QUEUE_CASE(jobs_survive_allocation_failure),
    QUEUE_CASE(canceled_jobs_survive_allocation_failure),
    QUEUE_CASE(workers_survive_allocation_failure),
    QUEUE_CASE(buckets_survive_allocation_failure),
    CASE(loop_close_survives_allocation_failure),
  };
  harness_init();
  return cmocka_run_group_tests(tests, oom_setup, oom_teardown);
}
