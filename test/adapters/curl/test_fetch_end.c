/* SPDX-License-Identifier: MIT */
/* Requests that end early at each stage: canceled, released, or closed with
   their loop. Nothing may be left of them. */
#include "curl_test.h"

enum { STAGES = 12 };

static const char *const paths[] = { "/hello",      "/half/100", "/silent",
                                     "/drip/100",   "/headers",  "/redirect/3",
                                     "/bytes/99999" };
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT);
  uv_sleep(1);
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  avow_value_t *kept = data;
  avow_value_clear(kept);
  *kept = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1000));
}

static avow_promise_t *begin(int path, int stage, avow_value_t *kept) {
  avow_promise_t *p = avow_curl_fetch(client, url_of(paths[path]), NULL);
  p = avow_then(p, read_body, NULL, kept);
  for (int i = 0; i < stage; i++)
    turn();
  return p;
}

static void fetch_may_be_canceled_at_each_stage(void **state) {
  avow_value_t kept = avow_none();
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p = begin(path, stage, &kept);
      avow_cancel(p);
      avow_ignore(avow_run(p));
      avow_value_clear(&kept);
    }
  avow_curl_unref(client);
  client = NULL;
  run();
  assert_no_connection();
}

static void fetch_all_may_be_canceled_at_each_stage(void **state) {
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p =
          avow_curl_fetch_all(client, url_of(paths[path]), NULL);
      for (int i = 0; i < stage; i++)
        turn();
      avow_cancel(p);
      avow_ignore(avow_run(p));
    }
  avow_curl_unref(client);
  client = NULL;
  run();
  assert_no_connection();
}

static void response_may_be_released_at_each_stage(void **state) {
  for (int stage = 0; stage < STAGES; stage++) {
    avow_value_t v =
        avow_run(avow_curl_fetch(client, url_of("/bytes/9999999"), NULL));
    avow_promise_t *p = avow_read_all(avow_to_stream(&v), 1 << 30);
    for (int i = 0; i < stage; i++)
      turn();
    avow_value_unref(v);
    avow_ignore(avow_run(p));
    run();
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
      begin_anew();
    }
  assert_no_connection();
}

SUITE(fetch_end) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(fetch_may_be_canceled_at_each_stage),
    CURL_CASE(fetch_all_may_be_canceled_at_each_stage),
    CURL_CASE(response_may_be_released_at_each_stage),
    CURL_CASE(loop_may_close_at_each_stage),
  };
  return RUN_CURL(tests);
}
