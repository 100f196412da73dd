/* SPDX-License-Identifier: MIT */
/* Requests with a stream as body that end early at each stage, and
   backpressure. Nothing may be left of them. */
#include "avow/stream_class.h"
#include "sending.h"

enum { STAGES = 10 };

static const char *const paths[] = { "/echo",        "/swallow/303",
                                     "/swallow/307", "/refuse/413",
                                     "/silent",      "/stall/5",
                                     "/drip/100",    "/reset/60" };
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT);
  uv_sleep(1);
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  avow_value_t *kept = data;
  avow_value_clear(kept);
  *kept = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1 << 20));
}

/* Bodies with a length, without a length, and bodies that never end. */
static avow_promise_t *begin(int path, int stage, avow_value_t *kept) {
  const size_t length = stage % 2 ? 200000 : 0;
  begin_body(NULL);
  if (stage % 3 > 0)
    feed_bytes(200000);
  avow_promise_t *p = upload(url_of(paths[path]), length);
  p = avow_then(p, read_body, NULL, kept);
  for (int i = 0; i < stage; i++)
    turn();
  return p;
}

static void upload_may_be_canceled_at_each_stage(void **state) {
  avow_value_t kept = avow_none();
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p = begin(path, stage, &kept);
      avow_cancel(p);
      avow_ignore(avow_run(p));
      avow_value_clear(&kept);
      run();
      end_feed();
    }
  assert_no_connection();
}

static void response_may_be_released_at_each_stage(void **state) {
  for (int stage = 0; stage < STAGES; stage++) {
    begin_body(NULL);
    feed_bytes(200000);
    avow_value_t v = avow_run(upload(url_of("/echo"), 0));
    for (int i = 0; i < stage; i++)
      turn();
    avow_value_unref(v);
    run();
    end_feed();
  }
  assert_no_connection();
}

static void loop_may_close_at_each_stage(void **state) {
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_value_t kept = avow_none();
      avow_promise_t *p = begin(path, stage, &kept);
      assert_int_equal(avow_loop_close(loop), 0);
      assert_non_null(avow_result(p));
      avow_unref(p);
      avow_value_clear(&kept);
      end_feed();
      begin_anew();
    }
  assert_no_connection();
}

/* Bytes that arrive after the request was canceled are for the next reader. */
static void canceled_upload_returns_the_stream(void **state) {
  begin_body(NULL);
  avow_value_t mine = avow_value_ref(&body);
  avow_promise_t *p = upload(url_of("/silent"), 100);
  for (int i = 0; i < STAGES; i++)
    turn();
  assert_rejects(avow_read(avow_to_stream(&mine), 1), UV_EALREADY);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  const avow_fetch_options_t o = { .body = &mine, .body_length = 2 };
  p = avow_curl_fetch(client, url_of("/echo"), &o);
  feed_bytes(5);
  avow_ignore(avow_run(p));
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&mine), 10), "cde");
  avow_value_unref(mine);
}

static void assert_echoes(avow_promise_t *p, const char *bytes) {
  avow_value_t v = avow_run(p);
  assert_int_equal(avow_curl_status(&v), 200);
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), bytes);
  avow_value_unref(v);
}

/* Two requests would each send a part. A later request sends the rest. */
static void stream_is_the_body_of_one_request_at_a_time(void **state) {
  begin_body(NULL);
  avow_value_t mine = avow_value_ref(&body);
  const avow_fetch_options_t o = { .body = &mine, .body_length = 5 };
  avow_promise_t *p = upload(url_of("/echo"), 5);
  avow_curl_t *other = avow_curl_new(loop, NULL);
  assert_rejects(avow_curl_fetch(client, url_of("/echo"), &o), UV_EALREADY);
  assert_rejects(avow_curl_fetch(other, url_of("/echo"), &o), UV_EALREADY);
  feed_bytes(10);
  assert_echoes(p, "abcde");
  assert_echoes(avow_curl_fetch(other, url_of("/echo"), &o), "fghij");
  avow_curl_unref(other);
  avow_value_unref(mine);
}

static avow_value_t count_cb(const avow_value_t *written, void *data) {
  *(size_t *) data += (size_t) avow_to_int(written);
  return avow_none();
}

static avow_value_t write_some(void *data) {
  static const char some[1000];
  if (feed.tag != AVOW_OBJECT)
    return avow_int(0);
  avow_promise_t *p =
      avow_write(avow_to_stream(&feed), avow_bytes(some, sizeof(some)));
  return avow_follow(avow_then(p, count_cb, NULL, data));
}

/* If the server does not read, the stream waits, in constant memory. */
static void stalled_server_causes_backpressure(void **state) {
  enum { MANY = 60 * 1000 * 1000 };
  size_t written = 0, before = 0;
  begin_body(NULL);
  avow_promise_t *writes = avow_repeat(loop, write_some, &written);
  avow_promise_t *p = upload(url_of("/stall/3600000"), 0);
  while (written == 0 || written > before) {
    before = written;
    for (int i = 0; i < 10; i++)
      turn();
    assert_true(written < MANY);
  }
  assert_in_range(live_allocations(), 0, 100);
  avow_cancel(writes);
  avow_cancel(p);
  assert_rejects(writes, UV_ECANCELED);
  assert_rejects(p, UV_ECANCELED);
  end_feed();
}

/* A kept connection may be closed when it is used again. */
static void upload_over_a_lost_connection_rejects(void **state) {
  avow_value_t v = avow_run(avow_curl_fetch(client, url_of("/first"), NULL));
  assert_int_equal(avow_curl_status(&v), 200);
  avow_value_unref(v);
  begin_body(NULL);
  feed_bytes(100);
  assert_rejects(upload(url_of("/first"), 100), UV_ESPIPE);
  run();
}

/* The body of a response is sent with another request. */
static void response_body_may_be_a_request_body(void **state) {
  enum { MANY = 3000000 };
  avow_value_t first =
      avow_run(avow_curl_fetch(client, url_of("/bytes/%d", MANY), NULL));
  const avow_fetch_options_t o = { .body = &first };
  avow_value_t v = avow_run(avow_curl_fetch(client, url_of("/echo"), &o));
  avow_value_unref(first);
  avow_value_t b = avow_run(avow_read_all(avow_to_stream(&v), MANY));
  size_t len = 0;
  const char *got = avow_to_bytes(&b, &len);
  assert_int_equal(len, MANY);
  for (int i = 0; i < MANY; i++)
    if (got[i] != byte_at(i))
      fail_msg("byte %d", i);
  avow_value_unref(b);
  avow_value_unref(v);
}

/* A stream that never delivers a byte. When its read is canceled, it requests a
   page. */
static avow_promise_t *page;
static avow_deferred_t *reader;

static void on_cancel(void *unused) {
  avow_deferred_drop(reader);
  page = get(url_of("/hello"), NULL);
}

static uv_loop_t *asking_loop(void *self) {
  return loop;
}

static avow_promise_t *asking_read(void *self, size_t max_bytes) {
  avow_promise_t *p = avow_promise_new(loop, &reader);
  avow_on_cancel(reader, on_cancel, NULL);
  return p;
}

static void asking_destroy(void *self) {
  avow_stream_destroyed(loop, self);
}

static const avow_stream_class_t asking_stream = {
  .size = sizeof(asking_stream), .loop = asking_loop, .read = asking_read
};
static const avow_class_t asking_class = { .name = "asking",
                                           .destroy = asking_destroy,
                                           .stream = &asking_stream };

/* No other event makes the adapter call libcurl. */
static void request_may_start_while_another_ends(void **state) {
  static char self;
  body = avow_object(&asking_class, &self);
  avow_value_t v = avow_run(upload(url_of("/refuse/413"), 100));
  assert_int_equal(avow_curl_status(&v), 413);
  avow_value_t b = avow_run(avow_read_all(avow_to_stream(&v), 100));
  avow_value_unref(b);
  avow_value_unref(v);
  assert_fulfills_int(page, 200);
  run();
}

SUITE(upload_end) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(upload_may_be_canceled_at_each_stage),
    CURL_CASE(response_may_be_released_at_each_stage),
    CURL_CASE(loop_may_close_at_each_stage),
    CURL_CASE(canceled_upload_returns_the_stream),
    CURL_CASE(stream_is_the_body_of_one_request_at_a_time),
    CURL_CASE(stalled_server_causes_backpressure),
    CURL_CASE(upload_over_a_lost_connection_rejects),
    CURL_CASE(response_body_may_be_a_request_body),
    CURL_CASE(request_may_start_while_another_ends),
  };
  return RUN_CURL(tests);
}
