/* SPDX-License-Identifier: MIT */
/* Request bodies that are streams: whole, partial, broken, refused, and bodies
   that would have to be sent again. */
#include "sending.h"

static void assert_echo(avow_promise_t *p, size_t n) {
  avow_value_t v = avow_run(p);
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  assert_int_equal(avow_curl_status(&v), 200);
  avow_value_t b = avow_run(avow_read_all(avow_to_stream(&v), 1 << 20));
  if (avow_is_error(&b))
    fail_msg("%zu: %s", n, avow_error_message(&b));
  size_t len = 0;
  const char *got = avow_to_bytes(&b, &len);
  assert_int_equal(len, n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(got[i], byte_at((int) i));
  avow_value_unref(b);
  avow_value_unref(v);
}

static void echoes(size_t n, size_t length, size_t max_bytes) {
  const avow_duplex_options_t options = { .max_bytes = max_bytes };
  begin_body(&options);
  feed_bytes(n);
  assert_echo(upload(url_of("/echo"), length), length > 0 ? length : n);
  run();
}

static void stream_is_sent_as_a_body(void **state) {
  static const size_t sizes[] = { 1, 100, 65536, 65537, 300000 };
  for (size_t i = 0; i < 5; i++) {
    echoes(sizes[i], sizes[i], 0);
    echoes(sizes[i], 0, 0);
  }
  echoes(500, 0, 1);
  echoes(500, 500, 1);
}

/* The server waits for the first chunk of the body. */
static void empty_stream_is_sent_as_a_body(void **state) {
  begin_body(NULL);
  end_feed();
  assert_echo(upload(url_of("/echo"), 0), 0);
}

/* The answer arrives before most of the body is sent. */
static void body_and_response_are_streamed_at_once(void **state) {
  begin_body(NULL);
  avow_value_t v = avow_run(upload(url_of("/echo"), 600));
  for (int i = 0; i < 6; i++) {
    char part[100];
    for (int k = 0; k < 100; k++)
      part[k] = byte_at(100 * i + k);
    avow_promise_t *p =
        avow_write(avow_to_stream(&feed), avow_bytes(part, sizeof(part)));
    assert_fulfills_int(p, sizeof(part));
    avow_value_t b =
        avow_run(avow_read_into(avow_to_stream(&v), part, 100, 100));
    assert_int_equal(avow_to_int(&b), 100);
    assert_int_equal(part[0], byte_at(100 * i));
  }
  assert_fulfills_none(avow_read(avow_to_stream(&v), 1));
  avow_value_unref(v);
  end_feed();
}

/* Only the bytes to send are read from the stream. */
static void bytes_beyond_the_length_stay_in_the_stream(void **state) {
  begin_body(NULL);
  avow_value_t mine = avow_value_ref(&body);
  feed_bytes(900);
  assert_echo(upload(url_of("/echo"), 600), 600);
  avow_value_t rest = avow_run(avow_read_all(avow_to_stream(&mine), 1000));
  size_t len = 0;
  const char *got = avow_to_bytes(&rest, &len);
  assert_int_equal(len, 300);
  assert_int_equal(got[0], byte_at(600));
  avow_value_unref(rest);
  avow_value_unref(mine);
}

static void stream_shorter_than_its_length_rejects(void **state) {
  begin_body(NULL);
  feed_bytes(99);
  assert_says(upload(url_of("/swallow/200"), 100), UV_EPROTO,
              "the body ended before its length");
  run();
  assert_no_connection();
}

static void broken_stream_rejects_the_request(void **state) {
  static const size_t at[] = { 0, 1, 99, 100 };
  for (size_t i = 0; i < 4; i++) {
    const avow_duplex_options_t options = { .cut = UV_ECONNRESET,
                                            .cut_after = at[i] };
    begin_body(&options);
    feed_bytes(200);
    assert_rejects(upload(url_of("/swallow/200"), i < 2 ? 0 : 200),
                   UV_ECONNRESET);
    run();
  }
  assert_no_connection();
}

/* After the head of the response has arrived, the response body fails. */
static void broken_stream_fails_the_response_body(void **state) {
  const avow_duplex_options_t options = { .cut = UV_EIO, .cut_after = 10 };
  begin_body(&options);
  avow_value_t v = avow_run(upload(url_of("/echo"), 100));
  assert_int_equal(avow_curl_status(&v), 200);
  feed_bytes(100);
  assert_rejects(avow_read_all(avow_to_stream(&v), 1000), UV_EIO);
  avow_value_unref(v);
  run();
  assert_no_connection();
}

/* The answer ends although the request body does not. The fetch then releases
   the body. */
static void refused_body_is_released(void **state) {
  for (int i = 0; i < 3; i++) {
    begin_body(NULL);
    avow_value_t some = avow_bytes("some", i == 0 ? 0 : 4);
    if (i > 0)
      assert_fulfills_int(avow_write(avow_to_stream(&feed), some), 4);
    else
      avow_value_unref(some);
    avow_value_t v = avow_run(upload(url_of("/refuse/413"), i == 2 ? 100 : 0));
    assert_int_equal(avow_curl_status(&v), 413);
    assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "move");
    run();
    assert_rejects(avow_write(avow_to_stream(&feed), avow_bytes("more", 4)),
                   UV_EPIPE);
    avow_value_unref(v);
    end_feed();
  }
  assert_no_connection();
}

static void stream_cannot_be_sent_again(void **state) {
  static const char *const paths[] = { "/swallow/307", "/swallow/308" };
  for (size_t i = 0; i < 4; i++) {
    begin_body(NULL);
    feed_bytes(100);
    avow_value_t v = avow_run(upload(url_of(paths[i / 2]), i % 2 ? 100 : 0));
    assert_int_equal(avow_error_code(&v), UV_ESPIPE);
    assert_int_equal(avow_curl_code(&v), CURLE_SEND_FAIL_REWIND);
    assert_string_equal(
        avow_error_message(&v),
        "the request must be sent again, but its body is a stream");
    avow_value_unref(v);
    run();
  }
}

static void redirect_to_get_drops_the_body(void **state) {
  begin_body(NULL);
  feed_bytes(100);
  avow_value_t v = avow_run(upload(url_of("/swallow/303"), 100));
  assert_int_equal(avow_curl_status(&v), 200);
  avow_value_unref(v);
  run();
}

static avow_promise_t *put(const char *url) {
  const avow_fetch_options_t o = { .method = "PUT", .body = &body };
  begin_body(NULL);
  feed_bytes(100);
  avow_promise_t *p = avow_curl_fetch(client, url, &o);
  avow_value_clear(&body);
  return p;
}

/* Without a body, the request would empty the file. After 303 it becomes a
   GET. */
static void put_is_not_redirected_without_its_body(void **state) {
  assert_rejects(put(url_of("/swallow/302")), UV_ESPIPE);
  run();
  avow_value_t v = avow_run(put(url_of("/swallow/303")));
  assert_int_equal(avow_curl_status(&v), 200);
  avow_value_unref(v);
  run();
}

/* The server redirects before any byte was sent. */
static void redirect_before_the_body_sends_it_once(void **state) {
  begin_body(NULL);
  feed_bytes(100);
  assert_echo(upload(url_of("/refuse/307"), 0), 100);
  run();
}

static void do_not_wait(CURL *easy, void *unused) {
  curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
}

/* libcurl waits for the interim response only briefly. If the server refuses
   `Expect`, libcurl sends the request again, even in the middle of the body. */
static void restart_without_expect_needs_an_unsent_body(void **state) {
  const avow_fetch_options_t o = { .body = &body, .set = do_not_wait };
  begin_body(NULL);
  avow_promise_t *p = avow_curl_fetch(client, url_of("/expect/1"), &o);
  avow_value_clear(&body);
  assert_fulfills_int(avow_write(avow_to_stream(&feed), avow_bytes("some", 4)),
                      4);
  assert_rejects(p, UV_ESPIPE);
  end_feed();
  run();
  begin_body(NULL);
  feed_bytes(100);
  assert_echo(upload(url_of("/expect/0"), 0), 100);
  run();
}

SUITE(upload) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(stream_is_sent_as_a_body),
    CURL_CASE(empty_stream_is_sent_as_a_body),
    CURL_CASE(body_and_response_are_streamed_at_once),
    CURL_CASE(bytes_beyond_the_length_stay_in_the_stream),
    CURL_CASE(stream_shorter_than_its_length_rejects),
    CURL_CASE(broken_stream_rejects_the_request),
    CURL_CASE(broken_stream_fails_the_response_body),
    CURL_CASE(refused_body_is_released),
    CURL_CASE(stream_cannot_be_sent_again),
    CURL_CASE(redirect_to_get_drops_the_body),
    CURL_CASE(redirect_before_the_body_sends_it_once),
    CURL_CASE(put_is_not_redirected_without_its_body),
    CURL_CASE(restart_without_expect_needs_an_unsent_body),
  };
  return RUN_CURL(tests);
}
