/* SPDX-License-Identifier: MIT */
#include "nats_test.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>

enum { FLUSH_MS = 5000 }; /* limit in avow_nats_flush() */

avow_value_t nats;

static atomic_int flushes;
static atomic_int needless;

int flushes_begun(void) {
  return flushes;
}

int flushes_needless(void) {
  return needless;
}

natsStatus flush_for_real(natsConnection *nc, int64_t ms) {
  natsStatus (*real)(natsConnection *, int64_t) = NULL;
  *(void **) &real = dlsym(RTLD_NEXT, "natsConnection_FlushTimeout");
  return real(nc, ms == FLUSH_MS ? HOUR : ms);
}

/* Replaces the function of libnats, unless a test defines its own. */
__attribute__((weak)) natsStatus natsConnection_FlushTimeout(natsConnection *nc,
                                                             int64_t ms) {
  flushes++;
  return flush_for_real(nc, ms);
}

int natsConnection_Buffered(natsConnection *nc) {
  int (*real)(natsConnection *) = NULL;
  *(void **) &real = dlsym(RTLD_NEXT, "natsConnection_Buffered");
  const int bytes = real(nc);
  if (bytes == 0)
    needless++;
  return bytes;
}

avow_value_t connected(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  return v;
}

int nats_setup(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  nats = connected(connect_patiently());
  return 0;
}

int by_hand(CMFixtureFunction setup, void **state) {
  clock_of_tests = AVOW_CLOCK_BY_HAND;
  const int err = setup(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  return err;
}

int nats_teardown(void **state) {
  avow_value_clear(&nats);
  return harness_teardown(state);
}

int nats_group_setup(void **state) {
  (void) signal(SIGPIPE, SIG_IGN);
  nats_server_start();
  return 0;
}

int nats_group_teardown(void **state) {
  nats_server_stop();
  nats_Close();
  return 0;
}

int jetstream_group_setup(void **state) {
  nats_server_set_jetstream(true);
  return nats_group_setup(state);
}

int jetstream_group_teardown(void **state) {
  (void) nats_group_teardown(state);
  nats_server_set_jetstream(false);
  return 0;
}

void settle(const avow_promise_t *p) {
  while (avow_state(p) == AVOW_PENDING) {
    advance(20);
    uv_sleep(1);
  }
}

natsOptions *options_of(int ms) {
  natsOptions *options = NULL;
  assert_int_equal(natsOptions_Create(&options), NATS_OK);
  assert_int_equal(natsOptions_SetTimeout(options, ms), NATS_OK);
  assert_int_equal(natsOptions_SetWriteDeadline(options, ms), NATS_OK);
  return options;
}

avow_promise_t *connect_patiently(void) {
  return avow_nats_connect(loop, nats_url(), options_of(HOUR));
}

natsOptions *options_that_reconnect(void) {
  natsOptions *options = options_of(HOUR);
  assert_int_equal(natsOptions_SetURL(options, nats_url()), NATS_OK);
  assert_int_equal(natsOptions_SetReconnectWait(options, 10), NATS_OK);
  assert_int_equal(natsOptions_SetReconnectJitter(options, 0, 0), NATS_OK);
  assert_int_equal(natsOptions_SetMaxReconnect(options, 100000), NATS_OK);
  return options;
}

void begin_anew(void) {
  assert_int_equal(uv_loop_close(loop), 0);
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}
