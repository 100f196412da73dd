/* SPDX-License-Identifier: MIT */
/* Responses with a whole body. */
#include "curl_test.h"

static avow_promise_t *fetch_all(const char *url, uint64_t limit) {
  const avow_fetch_options_t options = { .limit = limit };
  return avow_curl_fetch_all(client, url, &options);
}

static void assert_all(const avow_value_t *response, size_t n) {
  size_t len = 0;
  if (avow_is_error(response))
    fail_msg("%s", avow_error_message(response));
  assert_int_equal(avow_curl_status(response), 200);
  const char *bytes = avow_to_bytes(avow_curl_body(response), &len);
  assert_int_equal(len, n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(bytes[i], byte_at((int) i));
}

static void response_has_the_whole_body(void **state) {
  static const char *const kinds[] = { "bytes", "chunked", "close" };
  static const int sizes[] = { 0, 1, 16384, 16385, 200000 };
  for (int kind = 0; kind < 3; kind++)
    for (int i = 0; i < 5; i++) {
      if (kind == 1 && sizes[i] > 20000)
        continue; /* chunks have 7 bytes */
      const char *url = url_of("/%s/%d", kinds[kind], sizes[i]);
      const avow_value_t v = avow_run(fetch_all(url, 0));
      assert_all(&v, (size_t) sizes[i]);
      assert_fulfills_none(avow_read(avow_to_stream(&v), 100));
      avow_value_unref(v);
    }
}

static void response_has_the_head(void **state) {
  avow_value_t v = avow_run(fetch_all(url_of("/bytes/42"), 0));
  assert_string_equal(avow_curl_header(&v, "content-LENGTH"), "42");
  avow_value_unref(v);
  v = avow_run(fetch_all(url_of("/status/404"), 0));
  size_t len = 1;
  (void) avow_to_bytes(avow_curl_body(&v), &len);
  assert_int_equal(avow_curl_status(&v), 404);
  assert_int_equal(len, 0);
  avow_value_unref(v);
  v = avow_run(fetch_all(url_of("/trailer"), 0));
  assert_null(avow_curl_header(&v, "X-Late"));
  avow_value_unref(v);
  v = avow_run(fetch_all(url_of("/redirect/3"), 0));
  assert_memory_equal(avow_to_bytes(avow_curl_body(&v), NULL), "hello, world",
                      12);
  avow_value_unref(v);
}

static void fetch_all_rejects_if_the_body_fails(void **state) {
  assert_rejects(fetch_all(url_of("/end/60"), 0), UV_EPROTO);
  assert_rejects(fetch_all(url_of("/bytes/1000"), 999), UV_EMSGSIZE);
  const avow_value_t v = avow_run(fetch_all(url_of("/bytes/1000"), 1000));
  assert_all(&v, 1000);
  avow_value_unref(v);
}

static void fetch_all_may_be_canceled_during_the_body(void **state) {
  uint64_t received = 0;
  const avow_fetch_options_t options = { .received = &received };
  avow_promise_t *p =
      avow_curl_fetch_all(client, url_of("/half/5000"), &options);
  while (received < 5000)
    (void) uv_run(loop, UV_RUN_ONCE);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  assert_no_connection();
}

/* These fetches do not wait for a reader. */
static void many_whole_bodies_use_few_connections(void **state) {
  enum { MANY = 50 };
  const int before = http_server_accepted();
  avow_promise_t *all[MANY];
  client_with(2, 0);
  for (int i = 0; i < MANY; i++)
    all[i] = fetch_all(url_of("/bytes/100000"), 0);
  const avow_value_t v = avow_run(avow_all_settled(loop, all, MANY));
  for (size_t i = 0; i < MANY; i++)
    assert_all(avow_outcome_at(&v, i).value, 100000);
  assert_in_range(http_server_accepted() - before, 1, 2);
  avow_value_unref(v);
}

static void plain_fetch_has_no_whole_body(void **state) {
  const avow_value_t v =
      avow_run(avow_curl_fetch(client, url_of("/hello"), NULL));
  assert_null(avow_curl_body(&v));
  avow_value_unref(v);
  assert_rejects(avow_curl_fetch_all(client, NULL, NULL), UV_EINVAL);
}

SUITE(fetch_all) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(response_has_the_whole_body),
    CURL_CASE(response_has_the_head),
    CURL_CASE(fetch_all_rejects_if_the_body_fails),
    CURL_CASE(fetch_all_may_be_canceled_during_the_body),
    CURL_CASE(many_whole_bodies_use_few_connections),
    CURL_CASE(plain_fetch_has_no_whole_body),
  };
  return RUN_CURL(tests);
}
