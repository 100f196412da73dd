/* SPDX-License-Identifier: MIT */
/* Shared code of the tests of avow-nats: a connection to a server of their
   own. */
#ifndef NATS_TEST_H
#define NATS_TEST_H

#include "harness.h"

#include "avow/nats.h"
#include "nats_server.h"

/* A time limit in ms that no test reaches, however slow the machine is. */
enum { HOUR = 3600000 };

/* The connection of the running test, which nats_setup() makes. */
extern avow_value_t nats;
int nats_setup(void **state);
int nats_teardown(void **state);

#define NATS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, nats_setup, nats_teardown)

/* Calls `setup` with AVOW_CLOCK_BY_HAND as the clock of the loop. The time
   limits of the library for answers of JetStream do not expire then. */
int by_hand(CMFixtureFunction setup, void **state);

/* Advances the clock by 20 ms at a time until `p` settles. Between the steps
   the server has some real time to answer. */
void settle(const avow_promise_t *p);

/* Returns the number of calls of natsConnection_FlushTimeout() in this process.
   Tests that define this function themselves do not have the count. */
int flushes_begun(void);

/* Returns how often libnats had nothing to flush. */
int flushes_needless(void);

/* Calls the function of libnats. The time limit for flushes of
   avow_nats_flush() is an hour instead of 5 s. Other flushes keep their
   limit. */
natsStatus flush_for_real(natsConnection *nc, int64_t ms);

/* Runs the group with a server. At the end it closes libnats. */
int nats_group_setup(void **state);
int nats_group_teardown(void **state);

#define RUN_NATS(tests) \
  (harness_init(),      \
   cmocka_run_group_tests(tests, nats_group_setup, nats_group_teardown))

/* Runs the group with a server that has JetStream. */
int jetstream_group_setup(void **state);
int jetstream_group_teardown(void **state);

#define RUN_JETSTREAM(tests)                                            \
  (harness_init(), cmocka_run_group_tests(tests, jetstream_group_setup, \
                                          jetstream_group_teardown))

/* Waits for the promise, which must fulfill, and returns its value. */
avow_value_t connected(avow_promise_t *p);

/* Returns options of libnats for tests. Requests without an answer end after
   `ms`. */
natsOptions *options_of(int ms);

/* Connects to the server without a time limit that expires. */
avow_promise_t *connect_patiently(void);

/* Returns options for nats_url(). If the connection is lost, libnats tries to
   reconnect each 10 ms. */
natsOptions *options_that_reconnect(void);

/* Call this after avow_loop_close(). Closes the libuv loop and opens another
   one. */
void begin_anew(void);

#endif
