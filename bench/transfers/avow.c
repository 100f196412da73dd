/* SPDX-License-Identifier: MIT */
/*
 * avow WAY URL REQUESTS AT_ONCE: makes REQUESTS requests with avow-curl,
 * AT_ONCE at a time. WAY selects the function. "fetch" reads the body of each
 * response. "perform" uses easy handles. "all" starts all requests at once,
 * within the default limits of a client, and ignores AT_ONCE. Prints how many
 * responses had status 200, and the number of bytes and of connections.
 */
#include <avow/all.h>
#include <avow/auto.h>
#include <avow/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 16 * 1024 * 1024, MOST = 1024 };

static uv_loop_t loop;
static avow_curl_t *client;
static const char *url;
static size_t left, answered, bytes, connections;

static int count_one(void *unused, curl_socket_t fd, curlsocktype purpose) {
  connections++;
  return CURL_SOCKOPT_OK;
}

/* Trusts the certificates of CURL_CA_BUNDLE, as the curl tool does. */
static void set_up(CURL *easy, void *unused) {
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, count_one);
  curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("CURL_CA_BUNDLE"));
}

static avow_value_t count_answer(const avow_value_t *response, void *unused) {
  size_t len;
  (void) avow_to_bytes(avow_curl_body(response), &len);
  bytes += len;
  answered += avow_curl_status(response) == 200;
  return avow_none();
}

static avow_promise_t *fetch_whole(void) {
  const avow_fetch_options_t options = { .limit = LARGEST };
  avow_promise_t *p = avow_curl_fetch_all(client, url, &options);
  return avow_then(p, count_answer, NULL, NULL);
}

static avow_value_t fetch(void) {
  AVOW_AUTO_VALUE response = avow_none(), body = avow_none();
  AVOW_TRY(avow_await_value(avow_curl_fetch(client, url, NULL), &response));
  const avow_stream_t stream = avow_to_stream(&response);
  AVOW_TRY(avow_await_bytes(avow_read_all(stream, LARGEST), &body));
  size_t len;
  (void) avow_to_bytes(&body, &len);
  bytes += len;
  answered += avow_curl_status(&response) == 200;
  return avow_none();
}

static size_t count(char *data, size_t size, size_t n, void *unused) {
  bytes += size * n;
  return size * n;
}

static avow_value_t perform(void) {
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count);
  set_up(easy, NULL);
  AVOW_AUTO_VALUE done = avow_none();
  AVOW_TRY(avow_await_value(avow_curl_perform(client, easy), &done));
  long status = 0;
  curl_easy_getinfo(avow_to_curl(&done), CURLINFO_RESPONSE_CODE, &status);
  answered += status == 200;
  return avow_none();
}

static bool take_one(void) {
  return left > 0 && left-- > 0;
}

static avow_value_t fetch_some(void *unused) {
  while (take_one())
    AVOW_TRY(fetch());
  return avow_none();
}

static avow_value_t perform_some(void *unused) {
  while (take_one())
    AVOW_TRY(perform());
  return avow_none();
}

static avow_promise_t *ask_all(avow_value_t (*ask_some)(void *),
                               size_t at_once) {
  avow_promise_t *ps[MOST];
  for (size_t i = 0; i < at_once; i++)
    ps[i] = avow_async(&loop, ask_some, NULL);
  return avow_all(&loop, ps, at_once);
}

static avow_promise_t *ask_all_at_once(void) {
  const size_t n = left;
  avow_promise_t **ps = calloc(n, sizeof(avow_promise_t *));
  if (ps == NULL)
    return avow_promise_reject(&loop, avow_error(UV_ENOMEM));
  for (size_t i = 0; i < n; i++)
    ps[i] = fetch_whole();
  avow_promise_t *all = avow_all_settled(&loop, ps, n);
  free(ps);
  return all;
}

static avow_promise_t *ask(const char *way, size_t at_once) {
  avow_curl_options_t options = { .set = set_up };
  const bool all = strcmp(way, "all") == 0;
  if (!all)
    options.host_connections = (unsigned) at_once;
  client = avow_curl_new(&loop, &options);
  if (all)
    return ask_all_at_once();
  return ask_all(strcmp(way, "perform") == 0 ? perform_some : fetch_some,
                 at_once);
}

int main(int argc, char *argv[]) {
  if (argc != 5 || uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return 2;
  url = argv[2];
  left = strtoul(argv[3], NULL, 10);
  const size_t at_once = strtoul(argv[4], NULL, 10);
  if (at_once == 0 || at_once > MOST)
    return 2;
  const avow_value_t v = avow_run(ask(argv[1], at_once));
  if (avow_is_error(&v))
    fprintf(stderr, "%s\n", avow_error_message(&v));
  avow_value_unref(v);
  avow_curl_unref(client);
  printf("%zu answers, %zu bytes, %zu connections\n", answered, bytes,
         connections);
  return avow_loop_close(&loop) == 0 ? 0 : 1;
}
