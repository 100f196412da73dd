/* SPDX-License-Identifier: MIT */
/*
 * A connection that ends as a subscription begins, before libnats knows whom to
 * tell when it has ended, and libnats calls once more when all is over. Both
 * come about by functions of libnats' that this program has of its own.
 */
#include "nats_test.h"

static natsConnection *native;
static natsMsgHandler handler;
static void *closure;

/* As the end of the connection leaves it. */
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

static void call_once_more(void) {
  natsMsg *msg = NULL;
  assert_int_equal(natsMsg_Create(&msg, "a.1", NULL, "late", 4), NATS_OK);
  handler(native, NULL, msg, closure);
}

static void all_is_over(void) {
  assert_int_equal(avow_loop_close(loop), 0);
  avow_value_clear(&nats);
  begin_anew();
}

static void message_comes_late(void **state) {
  avow_channel_t *c = avow_nats_subscribe(&nats, "a.*", NULL, 0);
  assert_rejects(avow_channel_next(c), UV_ENOTCONN);
  call_once_more();
  assert_fulfils_none(avow_channel_next(c));
  call_once_more();
  avow_channel_unref(c);
  all_is_over();
  call_once_more();
}

static void answer_comes_late(void **state) {
  avow_promise_t *p = avow_nats_request(&nats, "a.1", avow_none(), NULL);
  assert_rejects(p, UV_ENOTCONN);
  call_once_more();
  all_is_over();
  call_once_more();
}

int main(void) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(message_comes_late),
    NATS_CASE(answer_comes_late),
  };
  return RUN_NATS(tests);
}
