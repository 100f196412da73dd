/* SPDX-License-Identifier: MIT */
/*
 * Requests to nginx with HTTP/1.1 and HTTP/2, with and without TLS, which send
 * and receive. Many of them exceed their time limit. Nothing may be left of
 * them. $STORM is their number.
 */
#include <stdio.h>

#include "curl_test.h"
#include "keeper.h"

enum { SENT = 200 * 1000 };

static int plain, secure;
static avow_curl_t *by_itself; /* for HTTP/1.1 with TLS */
static avow_value_t sent;

static int storm_setup(void **state) {
  if (keeper_setup(state) != 0)
    return -1;
  plain = keeper_listen();
  secure = keeper_listen();
  const char *const args[] = { "sh", HERE "/nginx.sh", port_text(plain),
                               port_text(secure), NULL };
  keeper_run(args);
  return 0;
}

static void by_tls(CURL *easy, void *data) {
  curl_easy_setopt(easy, CURLOPT_CAINFO, in_folder("authority.crt"));
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}

static void by_http1(CURL *easy, void *data) {
  by_tls(easy, data);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

/* The requests. A path that begins with a colon is requested without TLS. */
static const struct {
  const char *path, *method;
  void (*set)(CURL *easy, void *data);
} kinds[] = {
  { ":/where", NULL, by_tls },         { ":/numbers", NULL, by_tls },
  { "/where", NULL, by_tls },          { "/where", NULL, by_http1 },
  { "/gzip/numbers", NULL, by_tls },   { "/gzip/numbers", NULL, by_http1 },
  { "/moved", NULL, by_tls },          { "/put/storm%u", "PUT", by_tls },
  { "/put/storm%u", "PUT", by_http1 }, { ":/up", NULL, by_tls },
  { "/what", "POST", by_tls },         { "/in_circles", NULL, by_tls },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

typedef struct {
  size_t begun, whole, late, circles, most;
} storm_t;

static void release_response(void *response) {
  avow_value_unref(*(avow_value_t *) response);
  free(response);
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  avow_value_t *kept = malloc(sizeof(*kept));
  assert_non_null(kept);
  *kept = avow_value_ref(response);
  avow_promise_t *p = avow_read_all(avow_to_stream(response), 1 << 20);
  return avow_follow(avow_attach(p, kept, release_response));
}

static avow_promise_t *ask(unsigned kind, unsigned number) {
  char path[32], url[96];
  const bool open = kinds[kind].path[0] == ':';
  (void) snprintf(path, sizeof(path), "%s", kinds[kind].path + open);
  char *place = strstr(path, "%u");
  if (place != NULL)
    (void) snprintf(place, 12, "%u", number % 1000000); /* fits */
  (void) snprintf(url, sizeof(url), "%s:%d%s",
                  open ? "http://127.0.0.1" : "https://localhost",
                  open ? plain : secure, path);
  const avow_fetch_options_t options = {
    .method = kinds[kind].method,
    .body = kinds[kind].method != NULL ? &sent : NULL,
    .set = kinds[kind].set,
  };
  return avow_curl_fetch(kinds[kind].set == by_http1 ? by_itself : client, url,
                         &options);
}

static avow_value_t count_whole(const avow_value_t *body, void *data) {
  ((storm_t *) data)->whole++;
  return avow_none();
}

static avow_value_t count_failed(const avow_value_t *error, void *data) {
  storm_t *storm = data;
  if (avow_is_timeout(error))
    storm->late++;
  else if (avow_curl_code(error) == CURLE_TOO_MANY_REDIRECTS)
    storm->circles++;
  else
    fail_msg("%s", avow_error_message(error));
  return avow_none();
}

static avow_value_t one(size_t i, void *data) {
  storm_t *storm = data;
  const unsigned chance = (unsigned) (storm->begun++ * 2654435761u) >> 8;
  avow_promise_t *p = ask(chance % KINDS, (unsigned) i);
  p = avow_then(p, read_body, NULL, NULL);
  if (chance / 16 % 3 != 0)
    p = avow_timeout(p, chance / 64 % 20);
  return avow_follow(avow_then(p, count_whole, count_failed, storm));
}

static void requests_with_random_timeouts_settle(void **state) {
  const char *asked = getenv("STORM");
  storm_t storm = { .most = asked != NULL ? strtoul(asked, NULL, 10) : 300 };
  const avow_map_options_t options = { .concurrency = 40 };
  char *bytes;
  by_itself = avow_curl_new(loop, NULL);
  sent = avow_bytes_new(SENT, &bytes);
  memset(bytes, 's', SENT);
  avow_ignore(avow_run(avow_map(loop, storm.most, one, &storm, &options)));
  avow_value_clear(&sent);
  assert_int_equal(storm.whole + storm.late + storm.circles, storm.most);
  assert_true(storm.whole > 0 && storm.late > 0 && storm.circles > 0);
  printf("%zu whole, %zu late\n", storm.whole, storm.late);
  avow_curl_unref(by_itself);
  avow_curl_unref(client);
  client = NULL;
  run();
}

SUITE(curl_storm) {
  const struct CMUnitTest tests[] = { CURL_CASE(
      requests_with_random_timeouts_settle) };
  harness_init();
  return cmocka_run_group_tests(tests, storm_setup, keeper_teardown);
}
