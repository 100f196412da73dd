/* SPDX-License-Identifier: MIT */
/* Shared code of the tests of avow-curl: a client, and easy handles that
   collect bodies. */
#ifndef CURL_TEST_H
#define CURL_TEST_H

#include "harness.h"

#include "avow/curl.h"
#include "http_server.h"

/* The client of the running test, which curl_setup() makes. */
extern avow_curl_t *client;
int curl_setup(void **state);
int curl_teardown(void **state);

/* Replaces the client by one with these limits. */
void client_with(unsigned host_connections, unsigned connections);

#define CURL_CASE(f) \
  cmocka_unit_test_setup_teardown(f, curl_setup, curl_teardown)

/* Runs the group with a server. At the end it cleans up libcurl. */
int curl_group_setup(void **state);
int curl_group_teardown(void **state);

#define RUN_CURL(tests) \
  (harness_init(),      \
   cmocka_run_group_tests(tests, curl_group_setup, curl_group_teardown))

/* The bytes that a transfer wrote. */
typedef struct {
  size_t len;
  char bytes[4096];
} got_t;

/* Makes an easy handle that writes to *got, or discards the body if `got` is
   NULL. */
CURL *easy_for(const char *url, got_t *got);

/* Performs a transfer. Settles as INT, the status. */
avow_promise_t *get(const char *url, got_t *got);

/* Returns BYTES: a response for /say with MANY_AS bytes "a", compressed by
   gzip. */
enum { MANY_AS = 50000 };
avow_value_t compressed_answer(void);

/* Makes the easy handle accept gzip. */
void accept_gzip(CURL *easy, void *unused);

/* Asserts that the body is the first n bytes of the server. */
void assert_got(const got_t *got, size_t n);

/* Call this after avow_loop_close(). Closes the libuv loop and opens another
   one with a new client. */
void begin_anew(void);

/* Waits until the server has no open connection. */
void assert_no_connection(void);

#endif
