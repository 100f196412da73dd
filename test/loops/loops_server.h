/* SPDX-License-Identifier: MIT */
/*
 * A server on loops on threads of their own. Each loop has its own socket where
 * the system allows that, except in builds with HANDED. Only the test's thread
 * may fail a cmocka test; other threads record errors.
 */
#ifndef LOOPS_SERVER_H
#define LOOPS_SERVER_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "harness.h"

enum { LOOPS = 4, MANY = 20 };

extern bool shared; /* the loops themselves listen */
extern const char shares[];
extern avow_loops_t *loops; /* defined in over_there.c */
extern avow_value_t server; /* the test's own listener */
extern struct sockaddr_in address;
extern char port[8];

/* Number of functions that began and ended on other threads. */
extern atomic_int begun, ended;

typedef struct {
  uv_loop_t *loop;
  int count;
} seen_t;

extern seen_t seen[LOOPS];

/* Called once for each program. */
void loops_server_init(void);

/* A test with a loop, and with other loops for the server. */
#define LISTEN_CASE(f) \
  cmocka_unit_test_setup_teardown(f, loops_server_setup, loops_server_teardown)
int loops_server_setup(void **state);
int loops_server_teardown(void **state);

avow_promise_t *listen_with(avow_cb fn, size_t concurrency);
avow_promise_t *close_server(void);
avow_value_t connected(void);
int connect_by_hand(void);
avow_value_t echo(const avow_value_t *connection, void *data);
avow_value_t hang_up(const avow_value_t *connection, void *data);
avow_value_t fail_later(const avow_value_t *connection, void *data);
void wait_for(atomic_int *number, int wanted);
void assert_echoes(const avow_value_t *end);
void assert_hangs_up(const avow_value_t *end);
void stop_server(avow_promise_t *p);
size_t loops_seen(void);
void bind_server(void);

#endif
