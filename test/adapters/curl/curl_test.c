/* SPDX-License-Identifier: MIT */
#include "curl_test.h"

#include <signal.h>
#include <unistd.h>

avow_curl_t *client;

int curl_setup(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  client = avow_curl_new(loop, NULL);
  return 0;
}

void client_with(unsigned host_connections, unsigned connections) {
  const avow_curl_options_t options = { .host_connections = host_connections,
                                        .connections = connections };
  avow_curl_unref(client);
  client = avow_curl_new(loop, &options);
}

int curl_teardown(void **state) {
  avow_curl_unref(client);
  client = NULL;
  return harness_teardown(state);
}

int curl_group_setup(void **state) {
  (void) signal(SIGPIPE, SIG_IGN);
  http_server_start();
  return 0;
}

int curl_group_teardown(void **state) {
  http_server_stop();
  curl_global_cleanup();
  return 0;
}

static size_t collect(char *data, size_t size, size_t n, void *got) {
  got_t *g = got;
  const size_t room = sizeof(g->bytes) - g->len;
  const size_t len = size * n;
  memcpy(g->bytes + g->len, data, len < room ? len : room);
  g->len += len;
  return len;
}

static size_t drop(char *data, size_t size, size_t n, void *got) {
  return size * n;
}

CURL *easy_for(const char *url, got_t *got) {
  CURL *easy = curl_easy_init();
  assert_non_null(easy);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, got);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, got != NULL ? collect : drop);
  return easy;
}

static avow_value_t status_cb(const avow_value_t *arg, void *data) {
  long status = 0;
  curl_easy_getinfo(avow_to_curl(arg), CURLINFO_RESPONSE_CODE, &status);
  return avow_int(status);
}

avow_promise_t *get(const char *url, got_t *got) {
  avow_promise_t *p = avow_curl_perform(client, easy_for(url, got));
  return avow_then(p, status_cb, NULL, NULL);
}

avow_value_t compressed_answer(void) {
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
      "Content-Length: 84\r\n\r\n";
  static const char first[] =
      "\x1f\x8b\x08\0\0\0\0\0\2\3\xed\xc1\1\x0d\0\0\0\xc2\xa0\xac\xef_\xc2"
      "\x1e\x0e(";
  static const char last[] = "\x9e\x0c\x89)\xf9vP\xc3\0"; /* and its NUL */
  char text[sizeof(head) - 1 + 84] = "";
  memcpy(text, head, sizeof(head) - 1);
  memcpy(text + sizeof(head) - 1, first, sizeof(first) - 1);
  memcpy(text + sizeof(text) - sizeof(last), last, sizeof(last));
  return avow_bytes(text, sizeof(text));
}

void accept_gzip(CURL *easy, void *unused) {
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

void assert_got(const got_t *got, size_t n) {
  assert_int_equal(got->len, n);
  for (size_t i = 0; i < n && i < sizeof(got->bytes); i++)
    assert_int_equal(got->bytes[i], byte_at((int) i));
}

void assert_no_connection(void) {
  while (http_server_open() > 0)
    uv_sleep(1);
}

void begin_anew(void) {
  avow_curl_unref(client);
  assert_int_equal(uv_loop_close(loop), 0);
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  client = avow_curl_new(loop, NULL);
}
