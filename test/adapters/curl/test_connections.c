/* SPDX-License-Identifier: MIT */
/* Connections, counted by the server: connections that are kept open, and
   limits. */
#include "curl_test.h"

enum { MOST = 120 };

static avow_promise_t *begin(const char *path, size_t n) {
  avow_promise_t *all[MOST];
  for (size_t i = 0; i < n; i++)
    all[i] = get(url_of(path), NULL);
  return avow_all(loop, all, n);
}

static void wave(const char *path, size_t n) {
  avow_value_t v = avow_run(begin(path, n));
  assert_int_equal(avow_list_len(&v), n);
  avow_value_unref(v);
}

static void client_reuses_a_connection(void **state) {
  const int before = http_server_accepted();
  for (int i = 0; i < 5; i++)
    assert_fulfills_int(get(url_of("/hello"), NULL), 200);
  assert_int_equal(http_server_accepted(), before + 1);
}

static void client_limits_connections_of_a_host(void **state) {
  const int before = http_server_accepted();
  client_with(2, 0);
  wave("/drip/20", 20);
  assert_int_in_range(http_server_accepted() - before, 1, 2);
}

/* All requests of a wave are open at one time and end before the next wave
   starts. */
static void client_reuses_connections_of_parallel_requests(void **state) {
  client_with(MOST, MOST);
  static const size_t sizes[] = { 20, MOST };
  static const char *const paths[] = { "/together/20", "/together/120" };
  for (size_t i = 0; i < 2; i++) {
    const int before = http_server_accepted();
    const size_t kept = i == 0 ? 0 : sizes[0];
    for (int n = 0; n < 3; n++)
      wave(paths[i], sizes[i]);
    assert_int_equal(http_server_accepted() - before, sizes[i] - kept);
  }
}

/* If a wave was larger than the limit, the client closes the excess
   connections. */
static void client_limits_all_connections(void **state) {
  const int before = http_server_accepted();
  client_with(100, 5);
  wave("/drip/20", 20);
  assert_in_range(http_server_accepted() - before, 1, 5);
  assert_in_range(http_server_open(), 1, 5);
}

/* Transfers that wait for a connection can be canceled and do not delay
   others. */
static void waiting_requests_may_be_canceled(void **state) {
  client_with(1, 0);
  avow_promise_t *first = get(url_of("/drip/20"), NULL);
  avow_promise_t *others = begin("/silent", 20);
  avow_promise_t *last = get(url_of("/hello"), NULL);
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(others);
  assert_rejects(others, UV_ECANCELED);
  assert_fulfills_int(first, 200);
  assert_fulfills_int(last, 200);
}

SUITE(connections) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(client_reuses_a_connection),
    CURL_CASE(client_limits_connections_of_a_host),
    CURL_CASE(client_reuses_connections_of_parallel_requests),
    CURL_CASE(client_limits_all_connections),
    CURL_CASE(waiting_requests_may_be_canceled),
  };
  return RUN_CURL(tests);
}
