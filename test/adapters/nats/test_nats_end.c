/* SPDX-License-Identifier: MIT */
/* Connections that end early: canceled or closed with their loop at each stage.
   Nothing may be left of them. */
#include "nats_test.h"
#include "other.h"

enum { STAGES = 6 };

static void turns(int n) {
  for (int i = 0; i < n; i++) {
    (void) uv_run(loop, UV_RUN_NOWAIT);
    uv_sleep(1); /* the server is another process */
  }
}

static void connect_may_be_canceled_at_each_stage(void **state) {
  for (int stage = 0; stage < STAGES; stage++) {
    avow_promise_t *p = avow_nats_connect(loop, nats_url(), NULL);
    turns(stage);
    avow_cancel(p);
    assert_int_not_equal(avow_state(p), AVOW_PENDING);
    avow_unref(p);
    run();
  }
}

static void loop_may_close_at_each_stage_of_connect(void **state) {
  const char *const urls[] = { nats_url(), silent_url(), refusing_url() };
  for (int url = 0; url < 3; url++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p = avow_nats_connect(loop, urls[url], options_of(20));
      turns(stage);
      assert_int_equal(avow_loop_close(loop), 0);
      assert_non_null(avow_result(p));
      avow_unref(p);
      begin_anew();
    }
}

static void canceled_close_still_closes(void **state) {
  avow_promise_t *p = avow_nats_close(&nats);
  avow_cancel(p);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_rejects(avow_nats_close(&nats), UV_ENOTCONN);
}

enum { KINDS = 16, OF_QUEUES = 7, OF_BUCKETS = 11 };

static avow_value_t queue, bucket;

static avow_value_t sleep_cb(const avow_value_t *job, void *data) {
  return avow_follow(avow_sleep(loop, 1000000));
}

static avow_promise_t *ask_queue(int kind) {
  return kind == 7   ? avow_nats_queue(&nats, "another", NULL)
         : kind == 8 ? avow_nats_job(&queue, "a", avow_string("x"))
         : kind == 9 ? avow_nats_work(&queue, sleep_cb, NULL, NULL)
                     : avow_nats_queue_len(&queue);
}

static avow_promise_t *ask_bucket(int kind) {
  return kind == 11   ? avow_nats_bucket(&nats, "another", NULL)
         : kind == 12 ? avow_nats_put(&bucket, "a", avow_string("x"))
         : kind == 13 ? avow_nats_get(&bucket, "a")
         : kind == 14 ? avow_nats_delete(&bucket, "a")
                      : avow_channel_first(avow_nats_watch(&bucket, "b"));
}

static avow_promise_t *ask(int kind, const avow_value_t *question) {
  if (kind >= OF_QUEUES)
    return kind < OF_BUCKETS ? ask_queue(kind) : ask_bucket(kind);
  if (kind == 0)
    return avow_nats_flush(&nats);
  if (kind == 1)
    return avow_channel_first(avow_nats_subscribe(&nats, "a", "q", 0));
  if (kind == 6)
    return avow_channel_first(avow_nats_states(&nats));
  const avow_value_t text = avow_string("x");
  return kind == 2   ? avow_nats_publish(&nats, "silent", text, NULL)
         : kind == 3 ? avow_nats_request(&nats, "silent", text, NULL)
         : kind == 4 ? avow_nats_request(&nats, "twice", text, NULL)
                     : avow_nats_answer(&nats, question, text, NULL);
}

static avow_value_t a_question(void) {
  avow_channel_t *c = avow_nats_subscribe(&nats, "questions", NULL, 0);
  avow_promise_t *p = avow_nats_request(&nats, "questions", avow_none(), NULL);
  const avow_value_t question = avow_run(avow_channel_first(c));
  avow_cancel(p);
  avow_unref(p);
  return question;
}

static void operations_may_be_canceled_at_each_stage(void **state) {
  other_begin(nats_url());
  const avow_value_t question = a_question();
  queue = connected(avow_nats_queue(&nats, "end", NULL));
  bucket = connected(avow_nats_bucket(&nats, "end", NULL));
  avow_promise_t *taken = avow_nats_job(&queue, "b", avow_none());
  for (int kind = 0; kind < KINDS; kind++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p = ask(kind, &question);
      turns(stage);
      avow_cancel(p);
      if (kind != 1 && kind < 6) /* others need more steps to settle */
        assert_int_not_equal(avow_state(p), AVOW_PENDING);
      avow_ignore(avow_run(p));
    }
  avow_cancel(taken);
  avow_unref(taken);
  avow_value_clear(&queue);
  avow_value_clear(&bucket);
  avow_value_unref(question);
  run();
  other_end();
}

/* The connection ends with the loop and rejects calls as long as it is held. */
static void connection_of_a_closed_loop_refuses_calls(void **state) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_null(avow_to_nats(&nats));
  avow_promise_t *p = avow_nats_close(&nats);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_value_clear(&nats);
  begin_anew();
}

/* A pending call holds the connection. */
static void released_connection_finishes_its_close(void **state) {
  avow_promise_t *p = avow_nats_close(&nats);
  avow_value_clear(&nats);
  assert_fulfills_none(p);
  run();
}

static void close_may_be_canceled_while_the_server_is_paused(void **state) {
  nats_server_pause();
  avow_promise_t *p = avow_nats_close(&nats);
  turns(2);
  avow_cancel(p);
  avow_unref(p);
  nats_server_go_on();
}

SUITE(nats_end) {
  const struct CMUnitTest tests[] = {
    CASE(connect_may_be_canceled_at_each_stage),
    CASE(loop_may_close_at_each_stage_of_connect),
    NATS_CASE(canceled_close_still_closes),
    NATS_CASE(operations_may_be_canceled_at_each_stage),
    NATS_CASE(connection_of_a_closed_loop_refuses_calls),
    NATS_CASE(released_connection_finishes_its_close),
    NATS_CASE(close_may_be_canceled_while_the_server_is_paused),
  };
  return RUN_JETSTREAM(tests);
}
