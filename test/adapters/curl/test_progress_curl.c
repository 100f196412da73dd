/* SPDX-License-Identifier: MIT */
/* The progress of a request. */
#include "sending.h"

static uint64_t sent, received;

static avow_promise_t *begin(const char *url, const avow_value_t *bytes) {
  const avow_fetch_options_t o = { .body = bytes,
                                   .sent = &sent,
                                   .received = &received };
  sent = 12345;
  received = 12345;
  avow_promise_t *p = avow_curl_fetch(client, url, &o);
  assert_int_equal(sent, 0);
  assert_int_equal(received, 0);
  return p;
}

static void wait_for(const uint64_t *count, uint64_t n) {
  while (*count != n) {
    (void) uv_run(loop, UV_RUN_NOWAIT);
    uv_sleep(1);
  }
}

static void received_bytes_are_counted(void **state) {
  avow_value_t v = avow_run(begin(url_of("/half/1000"), NULL));
  wait_for(&received, 1000);
  assert_int_equal(sent, 0);
  avow_value_unref(v);
  received = 7;
  run();
  assert_int_equal(received, 7); /* the program owns it again */
}

static void sent_bytes_of_a_stream_are_counted(void **state) {
  begin_body(NULL);
  avow_value_t v = avow_run(begin(url_of("/echo"), &body));
  avow_value_clear(&body);
  for (int i = 1; i <= 3; i++) {
    avow_promise_t *p =
        avow_write(avow_to_stream(&feed), avow_bytes("some", 4));
    assert_fulfills_int(p, 4);
    avow_ignore(avow_run(avow_read(avow_to_stream(&v), 4)));
  }
  end_feed();
  assert_fulfills_none(avow_read(avow_to_stream(&v), 4));
  assert_in_range(sent, 12, 100); /* chunks add bytes */
  assert_int_equal(received, 12);
  avow_value_unref(v);
}

static void sent_bytes_of_a_value_are_counted(void **state) {
  avow_value_t bytes = avow_bytes("hello", 5);
  avow_value_t v = avow_run(begin(url_of("/echo"), &bytes));
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 10), "hello");
  assert_int_equal(sent, 5);
  assert_int_equal(received, 5);
  avow_value_unref(v);
  avow_value_unref(bytes);
}

static void canceled_request_stops_counting(void **state) {
  avow_promise_t *p = begin(url_of("/silent"), NULL);
  wait_for(&received, 0);
  avow_cancel(p);
  received = 7;
  assert_rejects(p, UV_ECANCELED);
  run();
  assert_int_equal(received, 7);
}

SUITE(progress_curl) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(received_bytes_are_counted),
    CURL_CASE(sent_bytes_of_a_stream_are_counted),
    CURL_CASE(sent_bytes_of_a_value_are_counted),
    CURL_CASE(canceled_request_stops_counting),
  };
  return RUN_CURL(tests);
}
