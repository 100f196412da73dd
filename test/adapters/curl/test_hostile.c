/* SPDX-License-Identifier: MIT */
/*
 * Invalid answers of servers and some unusual ones, sent at once and byte by
 * byte. Each must give its whole body or fail.
 */
#include "curl_test.h"

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define GZIP    OK "Content-Encoding: gzip\r\n"

/* The body is NULL if the fetch must fail. */
typedef struct {
  const char *answer, *body;
} row_t;

static const row_t rows[] = {
  /* chunks */
  { CHUNKED "5\r\nhello\r\n0\r\n\r\n", "hello" },
  { CHUNKED "5;name=value\r\nhello\r\n0\r\n\r\n", "hello" },
  { CHUNKED "005\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n", "hello" },
  { CHUNKED "zz\r\nhello\r\n0\r\n\r\n", NULL },
  { CHUNKED "-5\r\nhello\r\n0\r\n\r\n", NULL },
  { CHUNKED "\r\n\r\n", NULL },
  { CHUNKED "5\r\nhello, world\r\n0\r\n\r\n", NULL },
  { CHUNKED "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", NULL },
  { CHUNKED "7fffffffffffffff\r\nhello\r\n0\r\n\r\n", NULL },
  { CHUNKED "5\r\nhel", NULL },
  { CHUNKED "5\r\nhello\r\n", NULL },
  { CHUNKED "5\r\nhello\r\n0\r\n", NULL },
  { CHUNKED, NULL },
  /* lengths */
  { OK "Content-Length: 5\r\n\r\nhello", "hello" },
  { OK "Content-Length: 5\r\n\r\nhello, world", "hello" },
  { OK "Content-Length: 6\r\n\r\nhello", NULL },
  { OK "Content-Length: -5\r\n\r\nhello", NULL },
  { OK "Content-Length: five\r\n\r\nhello", NULL },
  { OK "Content-Length:\r\n\r\nhello", NULL },
  { OK "Content-Length:\t00000000000000000000005 \r\n\r\nhello", "hello" },
  { OK "content-length: 9223372036854775807\r\n\r\nhello", NULL },
  { OK
    "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\n\r\n",
    "hello" },
  { OK "\r\nhello", "hello" }, /* up to the end of the connection */
  { "HTTP/1.1 204 No Content\r\n\r\nhello", "" },
  { "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "" },
  /* heads */
  { "", NULL },
  { "\r\n\r\n", NULL },
  { "hello, world\r\n\r\n", NULL },
  { "HTTP/1.1\r\n\r\n", NULL },
  { "HTTP/1.1 abc OK\r\n\r\n", NULL },
  { "HTTP/9.9 200 OK\r\n\r\n", NULL },
  { "HTTP/1.1 000 None\r\n\r\n", NULL },
  { "HTTP/1.1 99999999999999 Much\r\n\r\n", NULL },
  { "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "hello" },
  { "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "hello" },
  { OK "X-Folded: 1\r\n 2\r\nContent-Length: 5\r\n\r\nhello", "hello" },
  { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK
    "Content-Length: 5\r\n\r\nhello",
    "hello" },
  { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n", NULL },
  { "HTTP/1.1 100 Continue\r\n\r\n", NULL },
  /* redirects */
  { "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", NULL },
  { "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\n\r\n", NULL },
  { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", NULL },
  { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:99999/\r\n\r\n", NULL },
  { "HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nhello", "hello" },
  /* encodings */
  { GZIP "Content-Length: 5\r\n\r\nhello", NULL },
  /* libcurl does not notice that compressed data ends early */
  { GZIP "Content-Length: 5\r\n\r\n\x1f\x8b\x08\x10\x01", "" },
  { OK "Content-Encoding: nonsense\r\nContent-Length: 5\r\n\r\nhello", NULL },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static avow_value_t kept[ROWS];

static avow_value_t read_body(const avow_value_t *response, void *at) {
  *(avow_value_t *) at = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1000));
}

static avow_promise_t *ask(int i, int ms) {
  avow_value_t said = avow_string(rows[i].answer);
  const avow_fetch_options_t options = { .body = &said, .set = accept_gzip };
  avow_promise_t *p = avow_curl_fetch(client, url_of("/say/%d", ms), &options);
  avow_value_unref(said);
  return avow_then(p, read_body, NULL, &kept[i]);
}

static void assert_row(int i, const avow_value_t *v) {
  if (avow_is_error(v) && rows[i].body != NULL)
    fail_msg("%s: %s", rows[i].answer, avow_error_message(v));
  if (avow_error_code(v) == UV_EINVAL &&
      strstr(rows[i].answer, "Location") == NULL)
    fail_msg("%s is an error of the program: %s", rows[i].answer,
             avow_error_message(v));
  if (avow_is_error(v))
    return;
  if (rows[i].body == NULL)
    fail_msg("it does not fail: %s", rows[i].answer);
  size_t len;
  const char *bytes = avow_to_bytes(v, &len);
  assert_int_equal(len, strlen(rows[i].body));
  assert_memory_equal(bytes, rows[i].body, len);
}

static void assert_all(int ms) {
  avow_promise_t *all[ROWS];
  client_with(ROWS, ROWS); /* an answer may have extra bytes */
  for (int i = 0; i < ROWS; i++)
    all[i] = ask(i, ms);
  const avow_value_t v = avow_run(avow_all_settled(loop, all, ROWS));
  for (int i = 0; i < ROWS; i++) {
    assert_row(i, avow_outcome_at(&v, (size_t) i).value);
    avow_value_clear(&kept[i]);
  }
  avow_value_unref(v);
}

static void hostile_answers_in_one_piece_are_handled(void **state) {
  assert_all(0);
}

static void hostile_answers_in_single_bytes_are_handled(void **state) {
  assert_all(1);
}

/* Headers that libcurl ignores, or of which it reads only the beginning. */
static const char *const unsound[] = {
  "Content-Length: 9223372036854775808",
  "Content-Length:99999999999999999999",
  "content-length: 18446744073709551621",
  "Content-Length: 5x",
  "Content-Length: 0x5",
  "Content-Length: 1e9",
  "Content-Length: +5",
  "Content-Length: 5, 5",
  "Content-Length: 5 5",
};

static void content_length_is_a_number_below_2_63(void **state) {
  char text[200];
  for (size_t i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
    (void) snprintf(text, sizeof(text), OK "%s\r\n\r\nhello", unsound[i]);
    avow_value_t said = avow_string(text); /* fits */
    const avow_fetch_options_t options = { .body = &said };
    assert_says(avow_curl_fetch(client, url_of("/say/%d", 0), &options),
                UV_EPROTO,
                "the response's Content-Length is not a number below 2^63");
    avow_value_unref(said);
  }
}

SUITE(hostile) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(hostile_answers_in_one_piece_are_handled),
    CURL_CASE(hostile_answers_in_single_bytes_are_handled),
    CURL_CASE(content_length_is_a_number_below_2_63),
  };
  return RUN_CURL(tests);
}
