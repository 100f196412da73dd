/* SPDX-License-Identifier: MIT */
/*
 * A connection that ends while a subscription starts, before libnats knows its
 * completion callback, or before a request is sent. libnats may also call a
 * handler once more after the end. The test replaces functions of libnats to
 * cause these cases.
 */
#include <stdatomic.h>

#include "nats_test.h"

static natsConnection *native;
static natsMsgHandler handler;
static void *closure;

/* Fails as if the connection had ended. */
natsStatus natsSubscription_SetOnCompleteCB(natsSubscription *sub,
                                            natsOnCompleteCB cb, void *data) {
  natsConnection_Close(native);
  return NATS_INVALID_SUBSCRIPTION;
}

natsStatus natsConnection_Subscribe(natsSubscription **sub, natsConnection *nc,
                                    const char *subject, natsMsgHandler cb,
                                    void *data) {
  native = nc;
  handler = cb;
  closure = data;
  return natsConnection_QueueSubscribe(sub, nc, subject, "q", cb, data);
}

static atomic_bool is_held, is_inside; /* the thread that writes */

natsStatus natsConnection_FlushTimeout(natsConnection *nc, int64_t ms) {
  is_inside = true;
  while (is_held)
    uv_sleep(1);
  return flush_for_real(nc, ms);
}

static void call_once_more(void) {
  natsMsg *msg = NULL;
  assert_int_equal(natsMsg_Create(&msg, "a.1", NULL, "late", 4), NATS_OK);
  handler(native, NULL, msg, closure);
}

static void close_loop_and_begin_anew(void) {
  assert_int_equal(avow_loop_close(loop), 0);
  avow_value_clear(&nats);
  begin_anew();
}

static void late_message_is_ignored(void **state) {
  avow_channel_t *c = avow_nats_subscribe(&nats, "a.*", NULL, 0);
  assert_rejects(avow_channel_next(c), UV_ENOTCONN);
  call_once_more();
  assert_fulfills_none(avow_channel_next(c));
  call_once_more();
  avow_channel_unref(c);
  close_loop_and_begin_anew();
  call_once_more();
}

static void late_answer_is_ignored(void **state) {
  avow_promise_t *p = avow_nats_request(&nats, "a.1", avow_none(), NULL);
  assert_rejects(p, UV_ENOTCONN);
  call_once_more();
  close_loop_and_begin_anew();
  call_once_more();
}

static void wait_for_state(avow_channel_t *states, int64_t wanted) {
  int64_t state = -1;
  while (state != wanted) {
    const avow_value_t v = connected(avow_channel_next(states));
    state = avow_to_int(&v);
  }
}

/* The request was never sent. */
static void request_rejects_if_the_connection_ends_first(void **state) {
  avow_channel_t *states = avow_nats_states(&nats);
  is_inside = false;
  is_held = true;
  avow_promise_t *busy = avow_nats_flush(&nats);
  while (!is_inside)
    uv_sleep(1);
  avow_promise_t *p = avow_nats_request(&nats, "a.1", avow_none(), NULL);
  natsConnection_Close(avow_to_nats(&nats));
  wait_for_state(states, NATS_CONN_STATUS_CLOSED);
  is_held = false;
  assert_rejects(busy, UV_ENOTCONN);
  assert_rejects(p, UV_ENOTCONN);
  avow_channel_unref(states);
}

SUITE(early_end) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(late_message_is_ignored),
    NATS_CASE(late_answer_is_ignored),
    NATS_CASE(request_rejects_if_the_connection_ends_first),
  };
  return RUN_NATS(tests);
}
