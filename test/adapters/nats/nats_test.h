/* SPDX-License-Identifier: MIT */
/* What tests of avow-nats share: a connection to a server of their own. */
#ifndef NATS_TEST_H
#define NATS_TEST_H

#include "harness.h"

#include "avow/nats.h"
#include "nats_server.h"

/* The connection of the running test, for which nats_setup() is. */
extern avow_value_t nats;
int nats_setup(void **state);
int nats_teardown(void **state);

#define NATS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, nats_setup, nats_teardown)

/* Runs the group with a server; ends the process's libnats behind it. */
int nats_group_setup(void **state);
int nats_group_teardown(void **state);

#define RUN_NATS(tests) \
  (harness_init(),      \
   cmocka_run_group_tests(tests, nats_group_setup, nats_group_teardown))

/* The same of a server with JetStream. */
int jetstream_group_setup(void **state);
int jetstream_group_teardown(void **state);

#define RUN_JETSTREAM(tests)                                            \
  (harness_init(), cmocka_run_group_tests(tests, jetstream_group_setup, \
                                          jetstream_group_teardown))

/* What that fulfils with. */
avow_value_t connected(avow_promise_t *p);

/* Options of libnats' for tests: what nobody answers is over after ms. */
natsOptions *options_of(int ms);

/* For nats_url(), for which they look each 10 ms while it is lost. */
natsOptions *options_that_reconnect(void);

/* Once avow_loop_close() is over: checks that the loop can go, and begins
   another. */
void begin_anew(void);

#endif
