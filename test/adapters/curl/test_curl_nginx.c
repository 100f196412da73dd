/* SPDX-License-Identifier: MIT */
/* nginx, with and without TLS: requests of clients, the certificates that they
   trust, and the number of their connections. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "curl_test.h"
#include "keeper.h"

static int plain, secure;

static int nginx_setup(void **state) {
  if (keeper_setup(state) != 0)
    return -1;
  plain = keeper_listen();
  secure = keeper_listen();
  const char *const args[] = { "sh", HERE "/nginx.sh", port_text(plain),
                               port_text(secure), NULL };
  keeper_run(args);
  return 0;
}

static const char *plain_url(const char *path) {
  static char url[128];
  (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", plain, path);
  return url;
}

static const char *secure_url(const char *host, const char *path) {
  static char url[128];
  (void) snprintf(url, sizeof(url), "https://%s:%d%s", host, secure, path);
  return url;
}

/* Common options of requests: which authority to trust, and that all hosts are
   local. */
static struct curl_slist *here;

static void trust(CURL *easy, void *data) {
  curl_easy_setopt(easy, CURLOPT_CAINFO, in_folder("authority.crt"));
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, here);
}

static int nginx_case_setup(void **state) {
  here = curl_slist_append(NULL, "::127.0.0.1:");
  return curl_setup(state);
}

static int nginx_case_teardown(void **state) {
  const int failed = curl_teardown(state);
  curl_slist_free_all(here);
  return failed;
}

static avow_promise_t *ask(const char *url, avow_fetch_options_t options) {
  if (options.set == NULL)
    options.set = trust;
  return avow_curl_fetch(client, url, &options);
}

static const avow_fetch_options_t as_usual;

static avow_value_t answer(const char *url, avow_fetch_options_t options,
                           long status) {
  avow_value_t v = avow_run(ask(url, options));
  if (avow_is_error(&v))
    fail_msg("%s: %s", url, avow_error_message(&v));
  assert_int_equal(avow_curl_status(&v), status);
  return v;
}

/* Takes the response. */
static void assert_text(avow_value_t response, const char *text) {
  avow_stream_t body = avow_to_stream(&response);
  assert_fulfills_bytes(avow_read_all(body, 1 << 20), text);
  avow_value_unref(response);
}

/* The fields of "CONNECTION REQUEST PROTOCOL". where() releases the
   response. */
typedef struct {
  int connection, request;
  char protocol[16];
} where_t;

static where_t where(avow_value_t response) {
  where_t w = { 0 };
  avow_value_t v = avow_run(avow_read_all(avow_to_stream(&response), 100));
  assert_int_equal(v.tag, AVOW_BYTES);
  assert_int_equal(sscanf(avow_to_bytes(&v, NULL), "%d %d %15s", &w.connection,
                          &w.request, w.protocol),
                   3);
  avow_value_unref(v);
  avow_value_unref(response);
  return w;
}

static void client_reuses_a_connection(void **state) {
  for (int i = 1; i <= 5; i++) {
    const where_t w = where(answer(plain_url("/where"), as_usual, 200));
    assert_int_equal(w.request, i);
    assert_string_equal(w.protocol, "HTTP/1.1");
  }
  for (int i = 1; i <= 5; i++) {
    const char *url = secure_url("localhost", "/where");
    const where_t w = where(answer(url, as_usual, 200));
    assert_int_equal(w.request, i);
    assert_string_equal(w.protocol, "HTTP/2.0");
  }
}

static void only_1_1(CURL *easy, void *data) {
  trust(easy, data);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

static void client_reuses_a_tls_connection_over_http_1_1(void **state) {
  const avow_fetch_options_t options = { .set = only_1_1 };
  for (int i = 1; i <= 3; i++) {
    const char *url = secure_url("localhost", "/where");
    const where_t w = where(answer(url, options, 200));
    assert_int_equal(w.request, i);
    assert_string_equal(w.protocol, "HTTP/1.1");
  }
}

/* The first request waits for the protocol of the server, and all others wait
   with it. */
static void parallel_requests_share_an_http_2_connection(void **state) {
  enum { MANY = 300 };
  avow_promise_t *all[MANY];
  for (int i = 0; i < MANY; i++)
    all[i] = ask(secure_url("localhost", "/where"), as_usual);
  const avow_value_t v = avow_run(avow_all(loop, all, MANY));
  assert_int_equal(avow_list_len(&v), MANY);
  int first = 0, sum = 0;
  for (size_t i = 0; i < MANY; i++) {
    const where_t w = where(avow_value_ref(avow_list_at(&v, i)));
    first = i == 0 ? w.connection : first;
    assert_int_equal(w.connection, first);
    sum += w.request;
  }
  assert_int_equal(sum, MANY * (MANY + 1) / 2); /* each of them once */
  avow_value_unref(v);
}

/* Returns how many connections n simultaneous requests use. All must be
   answered. */
static size_t connections_of(const char *url, size_t n) {
  size_t connections = 0;
  int known[6] = { 0 };
  const avow_fetch_options_t options = { .set = trust };
  avow_promise_t **all = calloc(n, sizeof(avow_promise_t *));
  assert_non_null(all);
  for (size_t i = 0; i < n; i++)
    all[i] = avow_curl_fetch_all(client, url, &options);
  const avow_value_t v = avow_run(avow_all_settled(loop, all, n));
  for (size_t i = 0; i < n; i++) {
    const avow_outcome_t one = avow_outcome_at(&v, i);
    if (one.status != AVOW_FULFILLED)
      fail_msg("%zu: %s", i, avow_error_message(one.value));
    assert_int_equal(avow_curl_status(one.value), 200);
    const int connection = atoi(avow_to_bytes(avow_curl_body(one.value), NULL));
    size_t at = 0;
    while (at < connections && known[at] != connection)
      at++;
    assert_true(at < 6);
    connections += at == connections;
    known[at] = connection;
  }
  avow_value_unref(v);
  free(all);
  return connections;
}

/* $STORM is the number of requests. */
static void many_requests_succeed_with_few_descriptors(void **state) {
  const char *asked = getenv("STORM");
  const size_t n = asked != NULL ? strtoul(asked, NULL, 10) : 500;
  struct rlimit usual;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
  struct rlimit few = usual;
  few.rlim_cur = 256;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  const size_t serial = connections_of(plain_url("/where"), n);
  const size_t shared = connections_of(secure_url("localhost", "/where"), n);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
  assert_in_range(serial, 1, 6);
  assert_int_equal(shared, 1);
}

static void requests_continue_if_the_first_is_canceled(void **state) {
  enum { MANY = 10 };
  avow_promise_t *all[MANY];
  for (int i = 0; i < MANY; i++)
    all[i] = ask(secure_url("localhost", "/where"), as_usual);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(all[0]);
  avow_unref(all[0]);
  for (int i = 1; i < MANY; i++)
    (void) where(avow_run(all[i]));
}

static void post_sends_a_body(void **state) {
  avow_value_t body = avow_string("what there is to say");
  const avow_fetch_options_t post = { .body = &body };
  assert_text(answer(plain_url("/what"), post, 200), "POST 20");
  const char *url = secure_url("localhost", "/what");
  assert_text(answer(url, post, 200), "POST 20");
  assert_text(answer(url, as_usual, 200), "GET ");
  avow_value_unref(body);
}

/* A file that was sent by PUT can be read by GET. */
static void put_sends_a_body_that_get_returns(void **state) {
  enum { LARGE = 1000 * 1000 };
  char *bytes = malloc(LARGE + 1);
  assert_non_null(bytes);
  for (int i = 0; i < LARGE; i++)
    bytes[i] = (char) ('a' + i % 23 + i / 1000 % 3);
  bytes[LARGE] = '\0';
  avow_value_t body = avow_string(bytes);
  const avow_fetch_options_t put = { .method = "PUT", .body = &body };
  const char *url = secure_url("localhost", "/put/large");
  avow_value_unref(answer(url, put, 201));
  assert_text(answer(url, as_usual, 200), bytes);
  avow_value_unref(body);
  free(bytes);
}

static void redirects_are_followed(void **state) {
  where_t w = where(answer(plain_url("/up"), as_usual, 200));
  assert_string_equal(w.protocol, "HTTP/2.0");
  w = where(answer(secure_url("localhost", "/down"), as_usual, 200));
  assert_string_equal(w.protocol, "HTTP/1.1");
  avow_value_t v = answer(secure_url("localhost", "/moved"), as_usual, 200);
  assert_string_equal(avow_curl_header(&v, "Content-Length"), "588895");
  avow_value_unref(v);
  avow_value_t body = avow_string("once more");
  const avow_fetch_options_t post = { .body = &body };
  assert_text(answer(secure_url("localhost", "/kept"), post, 200), "POST 9");
  avow_value_unref(body);
  v = avow_run(ask(secure_url("localhost", "/in_circles"), as_usual));
  assert_int_equal(avow_curl_code(&v), CURLE_TOO_MANY_REDIRECTS);
  avow_value_unref(v);
}

static void any_encoding(CURL *easy, void *data) {
  trust(easy, data);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}

static char *numbers(void) {
  enum { LENGTH = 588895 };
  char *text = malloc(LENGTH + 1);
  size_t len = 0;
  assert_non_null(text);
  for (int i = 1; i <= 100000; i++)
    len += (size_t) snprintf(text + len, LENGTH + 1 - len, "%d\n", i);
  assert_int_equal(len, LENGTH);
  return text;
}

/* libcurl decompresses the body that it requested. The head shows the
   encoding. */
static void compressed_bodies_are_inflated(void **state) {
  char *text = numbers();
  const avow_fetch_options_t any = { .set = any_encoding };
  const char *url = secure_url("localhost", "/gzip/numbers");
  avow_value_t v = answer(url, any, 200);
  assert_string_equal(avow_curl_header(&v, "Content-Encoding"), "gzip");
  assert_text(v, text);
  v = answer(url, as_usual, 200);
  assert_null(avow_curl_header(&v, "Content-Encoding"));
  assert_text(v, text);
  free(text);
}

static void requested_ranges_are_received(void **state) {
  const char *const some[] = { "Range: bytes=2-7", NULL };
  const char *const none[] = { "Range: bytes=600000-", NULL };
  const char *const last[] = { "Range: bytes=-7", NULL };
  const char *url = secure_url("localhost", "/numbers");
  avow_value_t v = answer(url, (avow_fetch_options_t){ .headers = some }, 206);
  assert_string_equal(avow_curl_header(&v, "Content-Range"),
                      "bytes 2-7/588895");
  assert_text(v, "2\n3\n4\n");
  v = answer(url, (avow_fetch_options_t){ .headers = last }, 206);
  assert_text(v, "100000\n");
  v = answer(url, (avow_fetch_options_t){ .headers = none }, 416);
  avow_value_unref(v);
}

static void trust_default_authorities(CURL *easy, void *data) {
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, here);
}

/* Asserts that the request is refused and that the message names the reason. */
static void assert_refuses(const char *host, const char *why,
                           void (*set)(CURL *easy, void *data)) {
  avow_value_t v = avow_run(
      ask(secure_url(host, "/where"), (avow_fetch_options_t){ .set = set }));
  assert_int_equal(avow_error_code(&v), UV_EPROTO);
  assert_int_equal(avow_curl_code(&v), CURLE_PEER_FAILED_VERIFICATION);
  if (strstr(avow_error_message(&v), why) == NULL)
    fail_msg("%s: %s", host, avow_error_message(&v));
  avow_value_unref(v);
}

static void untrusted_certificates_are_refused(void **state) {
  assert_refuses("localhost", "unable to get local issuer certificate",
                 trust_default_authorities);
  assert_refuses("expired.test", "certificate has expired", trust);
  assert_refuses("wrong.test",
                 "no alternative certificate subject name matches", trust);
  assert_refuses("stranger.test", "self-signed certificate", trust);
}

#define NGINX_CASE(f) \
  cmocka_unit_test_setup_teardown(f, nginx_case_setup, nginx_case_teardown)

SUITE(curl_nginx) {
  const struct CMUnitTest tests[] = {
    NGINX_CASE(client_reuses_a_connection),
    NGINX_CASE(client_reuses_a_tls_connection_over_http_1_1),
    NGINX_CASE(parallel_requests_share_an_http_2_connection),
    NGINX_CASE(requests_continue_if_the_first_is_canceled),
    NGINX_CASE(many_requests_succeed_with_few_descriptors),
    NGINX_CASE(post_sends_a_body),
    NGINX_CASE(put_sends_a_body_that_get_returns),
    NGINX_CASE(redirects_are_followed),
    NGINX_CASE(compressed_bodies_are_inflated),
    NGINX_CASE(requested_ranges_are_received),
    NGINX_CASE(untrusted_certificates_are_refused),
  };
  harness_init();
  return cmocka_run_group_tests(tests, nginx_setup, keeper_teardown);
}
