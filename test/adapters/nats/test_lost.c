/* SPDX-License-Identifier: MIT */
/* Connections that are lost because the server is killed. Some are restored.
   The tests cover requests and subscriptions. */
#include <stdio.h>

#include "nats_test.h"

static avow_channel_t *states;

static void is_now(int status) {
  assert_fulfills_int(avow_channel_next(states), status);
}

/* Reconnects each 10 ms, or never. */
static void connect_anew(bool looks) {
  natsOptions *options = options_that_reconnect();
  assert_int_equal(natsOptions_SetAllowReconnect(options, looks), NATS_OK);
  avow_value_unref(nats);
  nats = connected(avow_nats_connect(loop, NULL, options));
  states = avow_nats_states(&nats);
  is_now(NATS_CONN_STATUS_CONNECTED);
}

static void lose_connection(void) {
  nats_server_stop();
  is_now(NATS_CONN_STATUS_RECONNECTING);
}

static void find_it_again(void) {
  nats_server_start();
  is_now(NATS_CONN_STATUS_CONNECTED);
}

static void states_report_the_connection(void **state) {
  connect_anew(true);
  lose_connection();
  find_it_again();
  avow_channel_t *late = avow_nats_states(&nats);
  assert_fulfills_int(avow_channel_next(late), NATS_CONN_STATUS_CONNECTED);
  avow_channel_unref(late); /* a released one gets no more states */
  assert_fulfills_none(avow_nats_close(&nats));
  is_now(NATS_CONN_STATUS_CLOSED);
  assert_fulfills_none(avow_channel_next(states));
  avow_channel_t *later = avow_nats_states(&nats);
  assert_fulfills_int(avow_channel_next(later), NATS_CONN_STATUS_CLOSED);
  assert_fulfills_none(avow_channel_next(later));
  avow_channel_unref(later);
  avow_channel_unref(states);
}

static avow_value_t answer_cb(const avow_value_t *question, void *data) {
  return avow_follow(
      avow_nats_answer(&nats, question, avow_string("yes"), NULL));
}

static avow_value_t data_cb(const avow_value_t *message, void *data) {
  return avow_string(natsMsg_GetData(avow_to_nats_msg(message)));
}

static avow_promise_t *ask(void) {
  avow_promise_t *p = avow_nats_request(&nats, "self", avow_none(), NULL);
  return avow_then(p, data_cb, NULL, NULL);
}

/* Requests that are made meanwhile wait in libnats. It restores subscriptions
   first. */
static void connection_resumes_after_a_loss(void **state) {
  connect_anew(true);
  avow_channel_t *c = avow_nats_subscribe(&nats, "self", NULL, 0);
  assert_fulfills_none(avow_nats_flush(&nats));
  lose_connection();
  assert_rejects(avow_nats_flush(&nats), UV_ECONNRESET);
  avow_promise_t *meanwhile = ask();
  find_it_again();
  assert_fulfills_none(avow_then(avow_channel_next(c), answer_cb, NULL, NULL));
  assert_fulfills_bytes(meanwhile, "yes");
  avow_promise_t *after = ask();
  assert_fulfills_none(avow_then(avow_channel_next(c), answer_cb, NULL, NULL));
  assert_fulfills_bytes(after, "yes");
  assert_fulfills_none(avow_nats_flush(&nats));
  avow_channel_unref(c);
  avow_channel_unref(states);
}

/* A request that was received before the loss may be answered after it. */
static void request_from_before_a_loss_may_be_answered(void **state) {
  connect_anew(true);
  avow_channel_t *c = avow_nats_subscribe(&nats, "self", NULL, 0);
  avow_promise_t *p = ask();
  const avow_value_t question = avow_run(avow_channel_next(c));
  lose_connection();
  find_it_again();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_fulfills_none(
      avow_nats_answer(&nats, &question, avow_string("late"), NULL));
  assert_fulfills_bytes(p, "late");
  avow_value_unref(question);
  avow_channel_unref(c);
  avow_channel_unref(states);
}

/* If libnats may not reconnect, the end is final. */
static void lost_connection_without_reconnect_rejects(void **state) {
  connect_anew(false);
  avow_channel_t *c = avow_nats_subscribe(&nats, "self", NULL, 0);
  avow_promise_t *p = ask();
  avow_value_unref(avow_run(avow_channel_next(c)));
  nats_server_stop();
  assert_rejects(p, UV_ENOTCONN);
  assert_rejects(avow_channel_next(c), UV_ENOTCONN);
  assert_fulfills_none(avow_channel_next(c));
  assert_rejects(ask(), UV_ENOTCONN);
  assert_rejects(avow_nats_close(&nats), UV_ENOTCONN);
  nats_server_start();
  avow_channel_unref(c);
  avow_channel_unref(states);
}

/* Closing the loop ends waiting requests. A lost connection does not delay
   it. */
static void lost_connection_ends_with_the_loop(void **state) {
  connect_anew(true);
  avow_promise_t *p = ask();
  avow_channel_t *c = avow_nats_subscribe(&nats, "self", NULL, 0);
  lose_connection();
  assert_int_equal(avow_loop_close(loop), 0);
  (void) avow_result(p);
  avow_unref(p);
  avow_channel_unref(c);
  avow_channel_unref(states);
  avow_value_clear(&nats);
  begin_anew();
  nats_server_start();
}

SUITE(lost) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(states_report_the_connection),
    NATS_CASE(connection_resumes_after_a_loss),
    NATS_CASE(request_from_before_a_loss_may_be_answered),
    NATS_CASE(lost_connection_without_reconnect_rejects),
    NATS_CASE(lost_connection_ends_with_the_loop),
  };
  return RUN_NATS(tests);
}
