/* SPDX-License-Identifier: MIT */
/* What tests of avow-curl share: a client, and easy handles that collect. */
#ifndef CURL_TEST_H
#define CURL_TEST_H

#include "harness.h"

#include "avow/curl.h"
#include "http_server.h"

/* The client of the running test, for which curl_setup() is. */
extern avow_curl_t *client;
int curl_setup(void **state);
int curl_teardown(void **state);

/* Replaces it by one with these limits. */
void client_with(unsigned host_connections, unsigned connections);

#define CURL_CASE(f) \
  cmocka_unit_test_setup_teardown(f, curl_setup, curl_teardown)

/* Runs the group with a server; ends the process's libcurl behind it. */
int curl_group_setup(void **state);
int curl_group_teardown(void **state);

#define RUN_CURL(tests) \
  (harness_init(),      \
   cmocka_run_group_tests(tests, curl_group_setup, curl_group_teardown))

/* What a transfer wrote. */
typedef struct {
  size_t len;
  char bytes[4096];
} got_t;

/* An easy handle that writes to *got, or nowhere. */
CURL *easy_for(const char *url, got_t *got);

/* INT: the status, of what that performs. */
avow_promise_t *get(const char *url, got_t *got);

/* BYTES: an answer that /say may give, of MANY_AS bytes "a" by gzip. */
enum { MANY_AS = 50000 };
avow_value_t compressed_answer(void);

/* Has an easy handle ask for that. */
void accept_gzip(CURL *easy, void *unused);

/* Checks that they are the server's first n. */
void assert_got(const got_t *got, size_t n);

/* Once avow_loop_close() is over: checks that the loop can go, and begins
   another with a client of its own. */
void begin_anew(void);

/* Waits until the server has no connection of ours any more. */
void assert_no_connection(void);

#endif
