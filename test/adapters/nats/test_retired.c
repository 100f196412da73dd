/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that have ended. avow-nats frees one only after the server has
 * answered a later message. The test controls the answer by replacing functions
 * of libnats.
 */
#include <dlfcn.h>
#include <stdatomic.h>

#include "nats_test.h"

enum { LONGEST = 1000 };

static atomic_int destroyed;
static atomic_int pings;    /* that avow-nats sends by itself */
static atomic_bool is_slow; /* the server is slow */
static atomic_llong longest;

void natsSubscription_Destroy(natsSubscription *sub) {
  void (*real)(natsSubscription *) = NULL;
  *(void **) &real = dlsym(RTLD_NEXT, "natsSubscription_Destroy");
  if (sub != NULL)
    destroyed++;
  real(sub);
}

natsStatus natsConnection_FlushTimeout(natsConnection *nc, int64_t ms) {
  if (ms > LONGEST) /* from avow_nats_flush() */
    return flush_for_real(nc, ms);
  pings++;
  longest = ms > longest ? ms : longest;
  const natsStatus s = flush_for_real(nc, LONGEST);
  return is_slow ? NATS_TIMEOUT : s;
}

/* The subscriptions keep the loop alive until they have ended. */
static void subscribe_and_end(int n) {
  for (int i = 0; i < n; i++) {
    avow_channel_t *c = avow_nats_subscribe(&nats, "a", NULL, 0);
    assert_fulfills_none(avow_nats_flush(&nats));
    avow_channel_unref(c);
    run();
  }
}

static void publish(void) {
  assert_fulfills_none(avow_nats_publish(&nats, "b", avow_none(), NULL));
}

static void wait_for(int n) {
  while (destroyed < n)
    publish();
}

static void subscriptions_stay_until_the_server_answers(void **state) {
  enum { N = 10 };
  destroyed = 0;
  is_slow = true;
  subscribe_and_end(N);
  publish();
  assert_int_equal(destroyed, 0);
  is_slow = false;
  wait_for(N);
  assert_int_equal(destroyed, N);
}

static natsOptions *options_that_send_asap(void) {
  natsOptions *options = options_of(HOUR);
  assert_int_equal(natsOptions_SetSendAsap(options, true), NATS_OK);
  return options;
}

/* libnats holds nothing back. The second message begins when the ping after the
   first one would have ended. */
static void asap_connection_pings_only_for_subscriptions(void **state) {
  assert_fulfills_none(avow_nats_close(&nats));
  avow_value_clear(&nats);
  nats =
      connected(avow_nats_connect(loop, nats_url(), options_that_send_asap()));
  destroyed = 0;
  pings = 0;
  publish();
  publish();
  assert_int_equal(pings, 0);
  subscribe_and_end(1);
  wait_for(1);
  assert_int_equal(destroyed, 1);
}

/* Otherwise the thread waits at most a millisecond for the answer. */
static void many_ended_subscriptions_extend_the_wait(void **state) {
  enum { N = 80 };
  destroyed = 0;
  longest = 0;
  is_slow = true;
  subscribe_and_end(60);
  assert_int_equal(longest, 1);
  subscribe_and_end(N - 60);
  assert_int_equal(longest, LONGEST);
  is_slow = false;
  wait_for(N);
}

static void ended_subscriptions_are_freed_with_the_connection(void **state) {
  destroyed = 0;
  is_slow = true;
  subscribe_and_end(3);
  assert_int_equal(destroyed, 0);
  assert_fulfills_none(avow_nats_close(&nats));
  avow_value_clear(&nats);
  assert_int_equal(avow_loop_close(loop), 0);
  begin_anew();
  assert_int_equal(destroyed, 3);
  is_slow = false;
}

SUITE(retired) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(subscriptions_stay_until_the_server_answers),
    NATS_CASE(asap_connection_pings_only_for_subscriptions),
    NATS_CASE(many_ended_subscriptions_extend_the_wait),
    NATS_CASE(ended_subscriptions_are_freed_with_the_connection),
  };
  return RUN_NATS(tests);
}
