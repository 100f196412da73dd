/* SPDX-License-Identifier: MIT */
/* Bodies, heads, trailers and interim responses that are too long. */
#include <stdio.h>

#include "curl_test.h"

static avow_value_t fetched(const char *url, uint64_t limit) {
  const avow_fetch_options_t o = { .limit = limit };
  return avow_run(avow_curl_fetch(client, url, &o));
}

static avow_promise_t *all_of(const avow_value_t *response) {
  return avow_read_all(avow_to_stream(response), 1 << 24);
}

static void assert_len(const char *url, uint64_t limit, size_t n) {
  avow_value_t v = fetched(url, limit);
  avow_value_t b = avow_run(all_of(&v));
  size_t len = 0;
  (void) avow_to_bytes(&b, &len);
  assert_int_equal(len, n);
  avow_value_unref(b);
  avow_value_unref(v);
}

/* The status is available nevertheless. */
static void assert_too_long(const char *url, uint64_t limit) {
  avow_value_t v = fetched(url, limit);
  assert_int_equal(avow_curl_status(&v), 200);
  assert_says(all_of(&v), UV_EMSGSIZE, "the body has more than %d bytes",
              (int) limit);
  avow_value_unref(v);
}

static void long_bodies_are_refused(void **state) {
  assert_len(url_of("/bytes/100"), 100, 100);
  assert_len(url_of("/chunked/100"), 100, 100);
  assert_len(url_of("/close/100"), 101, 100);
  assert_len(url_of("/bytes/0"), 1, 0);
  assert_len(url_of("/bytes/1000000"), 0, 1000000);
  assert_too_long(url_of("/bytes/101"), 100);
  assert_too_long(url_of("/chunked/101"), 100);
  assert_too_long(url_of("/close/101"), 100);
  assert_too_long(url_of("/bytes/9999999"), 9999998);
}

/* The bodies of redirects do not count. */
static void limit_applies_to_the_last_response(void **state) {
  assert_len(url_of("/redirect/3"), 12, 12);
}

/* Returns the error that ended the body, or 0 at its end. */
static int read_by_pieces(uint64_t limit, size_t *all) {
  avow_value_t v = fetched(url_of("/bytes/300000"), limit);
  avow_value_t b = avow_none();
  *all = 0;
  do {
    avow_value_unref(b);
    b = avow_run(avow_read(avow_to_stream(&v), 999));
    size_t len = 0;
    if (b.tag == AVOW_BYTES)
      (void) avow_to_bytes(&b, &len);
    *all += len;
  } while (b.tag == AVOW_BYTES);
  const int err = avow_error_code(&b);
  avow_value_unref(b);
  avow_value_unref(v);
  return err;
}

/* If libcurl passes bytes again, they count once. */
static void slowly_read_bytes_count_once(void **state) {
  size_t all = 0;
  assert_int_equal(read_by_pieces(200000, &all), UV_EMSGSIZE);
  assert_in_range(all, 100000, 200000);
  assert_int_equal(read_by_pieces(300000, &all), 0);
  assert_int_equal(all, 300000);
}

/* A chunked body, sent at once, with chunks of 100 bytes. */
static avow_value_t chunked_answer(const char *header, int chunks) {
  enum { CHUNK = 4 + 100 + 2 };
  char head[128], *to;
  const int n = snprintf(head, sizeof(head),
                         "HTTP/1.1 200 OK\r\n%s"
                         "Transfer-Encoding: chunked\r\n\r\n",
                         header);
  avow_value_t v = avow_bytes_new((size_t) (n + chunks * CHUNK + 5), &to);
  memcpy(to, head, (size_t) n);
  to += n;
  for (int i = 0; i < chunks; i++, to += CHUNK) {
    memset(to, 'x', CHUNK);
    memcpy(to, "64\r\n", 4);
    memcpy(to + CHUNK - 2, "\r\n", 2);
  }
  memcpy(to, "0\r\n\r\n", 5);
  return v;
}

/* Releases the answer. The excess is in bytes that libcurl has buffered and
   passes to the next read, although the server sends no more. */
static void assert_found_in_kept(avow_value_t answer, uint64_t limit) {
  const avow_fetch_options_t o = { .body = &answer,
                                   .limit = limit,
                                   .set = accept_gzip };
  avow_value_t v = avow_run(avow_curl_fetch(client, url_of("/keep"), &o));
  assert_says(all_of(&v), UV_EMSGSIZE, "the body has more than %d bytes",
              (int) limit);
  avow_value_unref(v);
  avow_value_unref(answer);
}

static void limit_applies_to_buffered_bytes(void **state) {
  assert_found_in_kept(chunked_answer("", 200), 1000);
  assert_found_in_kept(compressed_answer(), 20000);
}

/* 80 MiB of zeros, compressed twice. */
static const unsigned char bomb[] = {
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xdc, 0xad,
  0x4e, 0x82, 0x71, 0x14, 0xc0, 0xe1, 0x97, 0xaf, 0x8d, 0x11, 0x14, 0x03, 0x89,
  0x00, 0xd9, 0x2b, 0xa0, 0x30, 0x3f, 0x02, 0xd9, 0x20, 0xd9, 0x79, 0x01, 0x44,
  0x32, 0x6c, 0x4e, 0x0b, 0x85, 0x9b, 0x20, 0x9b, 0xdc, 0xac, 0x36, 0xef, 0x40,
  0x6d, 0x5c, 0x00, 0x23, 0x38, 0x27, 0x85, 0xf9, 0xca, 0xfb, 0x5e, 0x04, 0xe1,
  0x7f, 0x9e, 0x27, 0x9d, 0x7c, 0xe2, 0xd9, 0xd9, 0xaf, 0xb7, 0x68, 0x66, 0x85,
  0x6a, 0x6d, 0xf3, 0x56, 0xa9, 0x1c, 0x86, 0xf9, 0xf2, 0xef, 0x79, 0xdb, 0x6c,
  0x65, 0x00, 0x00, 0x00, 0x40, 0xe2, 0xe6, 0x5f, 0x0f, 0xb5, 0xe2, 0x18, 0x90,
  0xf5, 0xf3, 0x8f, 0xd1, 0xcd, 0x18, 0x00, 0x00, 0x00, 0x48, 0xdd, 0xfd, 0xe9,
  0x49, 0xbd, 0x3c, 0x0a, 0xec, 0xef, 0xba, 0x57, 0xd6, 0x01, 0x00, 0x00, 0x00,
  0xc9, 0x7b, 0x1c, 0x0e, 0xda, 0xe5, 0x87, 0xc0, 0xf7, 0x6c, 0x52, 0xb7, 0x0e,
  0x00, 0x00, 0x00, 0x48, 0x5e, 0xe7, 0x77, 0x7d, 0x59, 0xde, 0x02, 0xde, 0xf3,
  0x97, 0xb3, 0x5b, 0xfb, 0x00, 0x00, 0x00, 0x80, 0xe4, 0x7d, 0x0a, 0x06, 0x00,
  0x00, 0x00, 0x40, 0x28, 0x82, 0x01, 0x00, 0x00, 0x00, 0x10, 0x8b, 0x60, 0x00,
  0x00, 0x00, 0x00, 0xc4, 0x22, 0x18, 0x00, 0x00, 0x00, 0x00, 0xc1, 0x08, 0x06,
  0x00, 0x00, 0x00, 0x40, 0x2c, 0x82, 0x01, 0x00, 0x00, 0x00, 0x10, 0x8b, 0x60,
  0x00, 0x00, 0x00, 0x00, 0xc4, 0x22, 0x18, 0x00, 0x00, 0x00, 0x00, 0xc1, 0x08,
  0x06, 0x00, 0x00, 0x00, 0x40, 0x2c, 0x82, 0x01, 0x00, 0x00, 0x00, 0x10, 0x8b,
  0x60, 0x00, 0x00, 0x00, 0x00, 0xc4, 0x22, 0x18, 0x00, 0x00, 0x00, 0x00, 0xc1,
  0x08, 0x06, 0x00, 0x00, 0x00, 0x40, 0x2c, 0x82, 0x01, 0x00, 0x00, 0x00, 0x10,
  0xcb, 0x6a, 0x38, 0xe8, 0x17, 0x8f, 0x01, 0xed, 0x9f, 0x7c, 0x7a, 0x71, 0xdd,
  0xc8, 0x00, 0x00, 0x00, 0x38, 0xae, 0xd7, 0xd6, 0xee, 0x69, 0x71, 0x7e, 0x18,
  0x1a, 0xff, 0xdc, 0xc8, 0x9e, 0x19, 0x95, 0x3e, 0x01, 0x00
};

static avow_value_t bomb_answer(void) {
  char text[1024];
  const int n = snprintf(text, sizeof(text),
                         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         sizeof(bomb));
  memcpy(text + n, bomb, sizeof(bomb));
  return avow_bytes(text, (size_t) n + sizeof(bomb));
}

/* Bytes arrive while they are decompressed, and the limit bounds their
   memory. */
static void limit_applies_to_decompressed_bytes(void **state) {
  assert_found_in_kept(bomb_answer(), 65536);
  assert_found_in_kept(bomb_answer(), 5000000);
}

/* With small pieces the transfer pauses as well, and all bytes arrive. */
static void small_decompressed_pieces_all_arrive(void **state) {
  enum { CHUNKS = 6000 };
  static const char header[] = "Content-Encoding: identity\r\n";
  avow_value_t answer = chunked_answer(header, CHUNKS), v, b;
  const avow_fetch_options_t o = { .body = &answer, .limit = CHUNKS * 100 };
  size_t len = 0;
  v = avow_run(avow_curl_fetch(client, url_of("/keep"), &o));
  avow_ignore(avow_run(avow_sleep(loop, 50)));
  b = avow_run(all_of(&v));
  (void) avow_to_bytes(&b, &len);
  assert_int_equal(len, CHUNKS * 100);
  avow_value_unref(b);
  avow_value_unref(v);
  avow_value_unref(answer);
}

/* libcurl does not buffer this amount and reports an error. */
static void decompression_without_a_limit_settles(void **state) {
  avow_value_t answer = bomb_answer();
  const avow_fetch_options_t o = { .body = &answer, .set = accept_gzip };
  avow_value_t v = avow_run(avow_curl_fetch(client, url_of("/keep"), &o));
#if LIBCURL_VERSION_NUM < 0x080000
  assert_says(all_of(&v), UV_ENOMEM,
              "libcurl cannot buffer more of the body, because it has 64 MiB "
              "that were not read, or memory ran out");
#else
  avow_ignore(avow_run(all_of(&v)));
#endif
  avow_value_unref(v);
  avow_value_unref(answer);
}

/* libcurl 8 has limits of its own, which may apply first. */
static void long_heads_are_refused(void **state) {
  static const char *const paths[] = { "/headers", "/continue" };
  for (size_t i = 0; i < 2; i++) {
    avow_promise_t *p = avow_curl_fetch(client, url_of(paths[i]), NULL);
#if LIBCURL_VERSION_NUM < 0x080000
    assert_says(p, UV_EMSGSIZE,
                "the head of the response has more than 262144 bytes");
#else
    assert_rejects(p, UV_EMSGSIZE);
#endif
    run();
  }
}

/* libcurl 7.88 reports this as lack of memory. */
static void long_lines_are_refused(void **state) {
  enum { LONG = 200000 };
  static const char *const begins[] = { "HTTP/1.1 200 OK\r\nX: ",
                                        "HTTP/1.1 200 " };
  for (size_t i = 0; i < 2; i++) {
    char *at;
    avow_value_t said = avow_bytes_new(LONG, &at);
    memset(at, 'a', LONG);
    memcpy(at, begins[i], strlen(begins[i]));
    const avow_fetch_options_t options = { .body = &said };
    avow_promise_t *p = avow_curl_fetch(client, url_of("/keep"), &options);
    avow_value_unref(said);
    assert_rejects(p, UV_EMSGSIZE);
    run();
  }
}

static void by_a_proxy(CURL *easy, void *unused) {
  curl_easy_setopt(easy, CURLOPT_PROXY, url_of("/"));
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
}

/* libcurl would skip the body forever. */
static void long_proxy_answers_are_refused(void **state) {
  const avow_fetch_options_t o = { .set = by_a_proxy };
  assert_says(avow_curl_fetch(client, "https://refusal.test/", &o), UV_EMSGSIZE,
              "the response of the proxy has more than 262144 bytes");
}

static void long_trailers_are_refused(void **state) {
  avow_value_t v = fetched(url_of("/trailers"), 0);
  assert_fulfills_bytes(avow_read(avow_to_stream(&v), 10), "abcde");
  assert_rejects(avow_read(avow_to_stream(&v), 10), UV_EMSGSIZE);
  avow_value_unref(v);
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  avow_value_t *kept = data;
  *kept = avow_value_ref(response);
  return avow_follow(all_of(response));
}

/* One time limit covers the head and the body. */
static void timeout_covers_head_and_body(void **state) {
  avow_value_t kept = avow_none();
  avow_promise_t *p = avow_curl_fetch(client, url_of("/drip/1000000"), NULL);
  p = avow_then(p, read_body, NULL, &kept);
  assert_rejects(avow_timeout(p, 100), UV_ETIMEDOUT);
  if (avow_is_none(&kept))
    print_message("the head arrived too late for the test\n");
  avow_value_unref(kept);
  run();
  assert_no_connection();
}

SUITE(limits) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(long_bodies_are_refused),
    CURL_CASE(limit_applies_to_the_last_response),
    CURL_CASE(slowly_read_bytes_count_once),
    CURL_CASE(limit_applies_to_buffered_bytes),
    CURL_CASE(limit_applies_to_decompressed_bytes),
    CURL_CASE(decompression_without_a_limit_settles),
    CURL_CASE(small_decompressed_pieces_all_arrive),
    CURL_CASE(long_heads_are_refused),
    CURL_CASE(long_lines_are_refused),
    CURL_CASE(long_proxy_answers_are_refused),
    CURL_CASE(long_trailers_are_refused),
    CURL_CASE(timeout_covers_head_and_body),
  };
  return RUN_CURL(tests);
}
