/* SPDX-License-Identifier: MIT */
/* Node servers: HTTP/2 and its features besides responses, HTTP and SOCKS
   proxies, FTP and SMTP. */
#include <stdio.h>

#include "curl_test.h"
#include "keeper.h"

enum { SECURE, PROXY, SOCKS, FTP, SMTP, PORTS };

static int ports[PORTS];

static int node_setup(void **state) {
  if (keeper_setup(state) != 0)
    return -1;
  for (int i = 0; i < PORTS; i++)
    ports[i] = keeper_listen();
  const char *const args[] = { "node", HERE "/node_peers.js", NULL };
  keeper_run(args);
  return 0;
}

static const char *url_at(int which, const char *scheme, const char *path) {
  static char urls[8][128];
  static int next;
  char *url = urls[next++ % 8];
  (void) snprintf(url, sizeof(urls[0]), "%s%d%s", scheme, ports[which], path);
  return url;
}

static const char *secure(const char *path) {
  return url_at(SECURE, "https://localhost:", path);
}

static void trust(CURL *easy, void *proxy) {
  curl_easy_setopt(easy, CURLOPT_CAINFO, in_folder("authority.crt"));
  if (proxy != NULL)
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
}

static avow_promise_t *ask(const char *url, avow_value_t *body,
                           const char *proxy) {
  const avow_fetch_options_t options = {
    .body = body,
    .set = trust,
    .data = (void *) (uintptr_t) proxy,
  };
  return avow_curl_fetch(client, url, &options);
}

static void assert_text(avow_promise_t *p, const char *text) {
  avow_value_t v = avow_run(p);
  if (avow_is_error(&v))
    fail_msg("%s: %s", text, avow_error_message(&v));
  assert_int_equal(avow_curl_status(&v), 200);
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 1 << 20), text);
  avow_value_unref(v);
}

/* Returns a number that the server sends. */
static int number(const char *path) {
  avow_value_t v = avow_run(ask(secure(path), NULL, NULL));
  avow_value_t text = avow_run(avow_read_all(avow_to_stream(&v), 100));
  assert_int_equal(text.tag, AVOW_BYTES);
  const int n = atoi(avow_to_bytes(&text, NULL));
  avow_value_unref(text);
  avow_value_unref(v);
  return n;
}

static void many_requests_share_one_session(void **state) {
  enum { MANY = 100 };
  avow_promise_t *all[MANY];
  const int before = number("/sessions");
  for (int i = 0; i < MANY; i++)
    all[i] = ask(secure("/trailers"), NULL, NULL);
  const avow_value_t v = avow_run(avow_all(loop, all, MANY));
  assert_int_equal(avow_list_len(&v), MANY);
  for (size_t i = 0; i < MANY; i++) {
    const avow_stream_t body = avow_to_stream(avow_list_at(&v, i));
    assert_fulfills_bytes(avow_read_all(body, 100), "hello");
  }
  avow_value_unref(v);
  assert_int_equal(number("/sessions"), before);
}

static void large_body_is_echoed(void **state) {
  enum { LARGE = 500 * 1000 };
  char *text = malloc(LARGE + 1);
  assert_non_null(text);
  for (int i = 0; i < LARGE; i++)
    text[i] = byte_at(i / 7);
  text[LARGE] = '\0';
  avow_value_t body = avow_string(text);
  assert_text(ask(secure("/echo"), &body, NULL), text);
  avow_value_unref(body);
  free(text);
}

/* If the server resets a stream, other streams of the connection are not
   affected. */
static void reset_stream_fails_only_its_own_request(void **state) {
  avow_promise_t *other = ask(secure("/trailers"), NULL, NULL);
  avow_value_t v = avow_run(ask(secure("/refused"), NULL, NULL));
  assert_int_equal(avow_error_code(&v), UV_EPROTO);
  assert_int_equal(avow_curl_code(&v), CURLE_HTTP2_STREAM);
  avow_value_unref(v);
  v = avow_run(ask(secure("/cut"), NULL, NULL));
  assert_false(avow_is_error(&v));
  assert_rejects(avow_read_all(avow_to_stream(&v), 100), UV_EPROTO);
  avow_value_unref(v);
  assert_text(other, "hello");
}

/* A session finishes its open requests. Later requests use a new session. */
static void ended_session_is_replaced(void **state) {
  const int before = number("/sessions");
  assert_text(ask(secure("/last"), NULL, NULL), "hello");
  assert_int_equal(number("/sessions"), before + 1);
  avow_value_t v = avow_run(ask(secure("/leaves"), NULL, NULL));
  assert_false(avow_is_error(&v));
  avow_value_t text = avow_run(avow_read_all(avow_to_stream(&v), 100));
  assert_true(avow_is_error(&text));
  avow_value_unref(text);
  avow_value_unref(v);
  assert_int_equal(number("/sessions"), before + 2);
}

static void requests_may_use_a_proxy(void **state) {
  const char *proxy = url_at(PROXY, "http://127.0.0.1:", "");
  assert_text(ask("http://nobody.test/a?b", NULL, proxy),
              "GET http://nobody.test/a?b");
  const int before = number("/connects");
  assert_text(ask(secure("/trailers"), NULL, proxy), "hello");
  assert_text(ask(secure("/trailers"), NULL, proxy), "hello");
  assert_int_equal(number("/connects"), before + 1); /* it stays open */
}

static void refusal_by_a_proxy_rejects(void **state) {
  const char *proxy = url_at(PROXY, "http://127.0.0.1:", "");
  avow_value_t v = avow_run(ask("https://refused.test/", NULL, proxy));
  assert_int_equal(avow_error_code(&v), UV_EPROTO);
  assert_non_null(strstr(avow_error_message(&v), "403"));
  avow_value_unref(v);
  v = avow_run(ask(secure("/trailers"), NULL, "http://127.0.0.1:1"));
  assert_int_equal(avow_error_code(&v), UV_ECONNREFUSED);
  avow_value_unref(v);
}

static void requests_may_use_socks(void **state) {
  const char *proxy = url_at(SOCKS, "socks5h://127.0.0.1:", "");
  assert_text(ask("https://localhost:1/trailers", NULL, proxy), "hello");
}

static void ftp_get_receives_a_file(void **state) {
  got_t got = { 0 };
  const char *url = url_at(FTP, "ftp://127.0.0.1:", "/file");
  avow_value_t v = avow_run(avow_curl_perform(client, easy_for(url, &got)));
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  assert_int_equal(got.len, 12);
  assert_memory_equal(got.bytes, "hello, world", 12);
  avow_value_unref(v);
  url = url_at(FTP, "ftp://127.0.0.1:", "/nothing");
  v = avow_run(avow_curl_perform(client, easy_for(url, NULL)));
  assert_int_equal(avow_curl_code(&v), CURLE_REMOTE_FILE_NOT_FOUND);
  avow_value_unref(v);
}

/* The server announces the passive port of the second file before libcurl
   requests it. Version 7.88 then waits for no event. */
static void ftp_get_accepts_an_early_reply(void **state) {
  const char *url = url_at(FTP, "ftp://eager@127.0.0.1:", "/file");
  for (int i = 0; i < 3; i++) {
    got_t got = { 0 };
    avow_promise_t *p = avow_curl_perform(client, easy_for(url, &got));
    avow_value_t v = avow_run(p);
    if (avow_is_error(&v))
      fail_msg("%s", avow_error_message(&v));
    assert_int_equal(got.len, 12);
    avow_value_unref(v);
  }
}

static size_t give(char *to, size_t size, size_t n, void *data) {
  const char **text = data;
  const size_t len = strlen(*text) < size * n ? strlen(*text) : size * n;
  memcpy(to, *text, len);
  *text += len;
  return len;
}

static CURL *sending(const char *url, const char **text) {
  CURL *easy = easy_for(url, NULL);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(easy, CURLOPT_READDATA, text);
  return easy;
}

static void ftp_put_sends_a_file(void **state) {
  const char *text = "by ftp";
  CURL *easy = sending(url_at(FTP, "ftp://127.0.0.1:", "/file"), &text);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  avow_value_unref(v);
  assert_text(ask(secure("/mail"), NULL, NULL), "by ftp");
}

static avow_value_t send_mail(const char *to) {
  const char *text = "Subject: hello\r\n\r\nhello, world\r\n";
  CURL *easy = sending(url_at(SMTP, "smtp://127.0.0.1:", ""), &text);
  struct curl_slist *list = curl_slist_append(NULL, to);
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<me@avow.test>");
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, list);
  const avow_value_t v = avow_run(avow_curl_perform(client, easy));
  curl_slist_free_all(list);
  return v;
}

static void smtp_sends_mail(void **state) {
  avow_value_t v = send_mail("<you@avow.test>");
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  avow_value_unref(v);
  assert_text(ask(secure("/mail"), NULL, NULL),
              "Subject: hello\n\nhello, world\n");
  v = send_mail("<nobody@avow.test>");
  assert_int_equal(avow_curl_code(&v), CURLE_SEND_ERROR);
  assert_non_null(strstr(avow_error_message(&v), "550"));
  avow_value_unref(v);
}

SUITE(curl_node) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(many_requests_share_one_session),
    CURL_CASE(large_body_is_echoed),
    CURL_CASE(reset_stream_fails_only_its_own_request),
    CURL_CASE(ended_session_is_replaced),
    CURL_CASE(requests_may_use_a_proxy),
    CURL_CASE(refusal_by_a_proxy_rejects),
    CURL_CASE(requests_may_use_socks),
    CURL_CASE(ftp_get_receives_a_file),
    CURL_CASE(ftp_get_accepts_an_early_reply),
    CURL_CASE(ftp_put_sends_a_file),
    CURL_CASE(smtp_sends_mail),
  };
  harness_init();
  return cmocka_run_group_tests(tests, node_setup, keeper_teardown);
}
