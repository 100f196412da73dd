/* SPDX-License-Identifier: MIT */
/* What tests of avow-nats share: a connection to a server of their own. */
#ifndef NATS_TEST_H
#define NATS_TEST_H

#include "harness.h"

#include "avow/nats.h"
#include "nats_server.h"

/* A limit in ms that no test reaches, however slow the machine is. */
enum { HOUR = 3600000 };

/* The connection of the running test, for which nats_setup() is. */
extern avow_value_t nats;
int nats_setup(void **state);
int nats_teardown(void **state);

#define NATS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, nats_setup, nats_teardown)

/* Calls `setup` with AVOW_CLOCK_BY_HAND as the clock of the loop. The limits of
   the library on answers of JetStream do not pass then. */
int by_hand(CMFixtureFunction setup, void **state);

/* Moves that clock on until `p` settles, 20 ms at a time. In between the server
   has some real time to answer in. */
void settle(const avow_promise_t *p);

/* Counts the calls of natsConnection_FlushTimeout() in this process. Tests that
   define that function themselves do not have the count. */
int flushes_begun(void);

/* Calls the function of libnats. A flush that avow_nats_flush() asks for is
   given an hour in place of 5 s; the others keep their limit. */
natsStatus flush_for_real(natsConnection *nc, int64_t ms);

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

/* A connection to the server, with no limit of time that passes. */
avow_promise_t *connect_patiently(void);

/* For nats_url(), for which they look each 10 ms while it is lost. */
natsOptions *options_that_reconnect(void);

/* Once avow_loop_close() is over: checks that the loop can go, and begins
   another. */
void begin_anew(void);

#endif
