/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: each allocation of avow, of the adapter and of libuv fails in
 * turn, once or from then on. Each request must fulfill or reject, and nothing
 * may be left.
 */
#include "sending.h"

static avow_value_t none_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

/* A client of its own, which is freed after both transfers. */
static avow_promise_t *two_transfers(void) {
  avow_curl_t *own = avow_curl_new(loop, NULL);
  avow_promise_t *both[] = {
    avow_curl_perform(own, easy_for(url_of("/hello"), NULL)),
    avow_curl_perform(own, easy_for(url_of("/chunked/100"), NULL)),
  };
  avow_curl_unref(own);
  return avow_then(avow_all(loop, both, 2), none_cb, NULL, NULL);
}

static avow_value_t read_cb(const avow_value_t *response, void *kept) {
  *(avow_value_t *) kept = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1 << 20));
}

static avow_value_t kept;

static void drop_kept(void *unused) {
  avow_value_clear(&kept);
}

static avow_promise_t *fetch_and_read(void) {
  static const char *const headers[] = { "X-Mine: 1", NULL };
  const avow_fetch_options_t options = { .headers = headers };
  avow_curl_t *own = avow_curl_new(loop, NULL);
  avow_promise_t *p = avow_curl_fetch(own, url_of("/bytes/50000"), &options);
  avow_curl_unref(own);
  p = avow_then(p, read_cb, NULL, &kept);
  p = avow_attach(p, &kept, drop_kept);
  return avow_then(p, none_cb, NULL, NULL);
}

static avow_promise_t *fetch_whole(void) {
  avow_curl_t *own = avow_curl_new(loop, NULL);
  avow_promise_t *p = avow_curl_fetch_all(own, url_of("/bytes/50000"), NULL);
  avow_curl_unref(own);
  return avow_then(p, none_cb, NULL, NULL);
}

static void drop_feed(void *unused) {
  end_feed();
}

static avow_promise_t *upload_and_read(void) {
  begin_body(NULL);
  if (avow_is_none(&body))
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  client = avow_curl_new(loop, NULL);
  feed_bytes(3000);
  avow_promise_t *p = upload(url_of("/echo"), 0);
  avow_curl_unref(client);
  p = avow_then(p, read_cb, NULL, &kept);
  p = avow_attach(p, &kept, drop_kept);
  p = avow_attach(p, NULL, drop_feed);
  return avow_then(p, none_cb, NULL, NULL);
}

/* A body of which libcurl writes more than one piece at once. */
static avow_promise_t *fetch_compressed(void) {
  const avow_value_t sent = compressed_answer();
  const avow_fetch_options_t options = { .body = &sent, .set = accept_gzip };
  if (avow_is_error(&sent))
    return avow_promise_reject(loop, sent);
  avow_curl_t *own = avow_curl_new(loop, NULL);
  avow_promise_t *p = avow_curl_fetch(own, url_of("/say"), &options);
  avow_value_unref(sent);
  avow_curl_unref(own);
  p = avow_then(p, read_cb, NULL, &kept);
  p = avow_attach(p, &kept, drop_kept);
  return avow_then(p, none_cb, NULL, NULL);
}

/* An allocation that only shrinks a block may fail without effect. */
static void survives(void **state, avow_promise_t *(*start)(void) ) {
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    lacked = false;
    for (int on = 0; on < 2; on++) {
      fail_allocation(nth, on == 1);
      const avow_value_t v = avow_run(start());
      lacked = allocation_failed() || lacked;
      fail_allocation(0, false);
      if (avow_error_code(&v) != 0)
        assert_int_equal(avow_error_code(&v), UV_ENOMEM);
      avow_value_unref(v);
      assert_int_equal(harness_teardown(state), 0);
      assert_int_equal(harness_setup(state), 0);
    }
    assert_true(nth < 200);
  }
}

static void transfers_survive_allocation_failure(void **state) {
  survives(state, two_transfers);
}

static void fetch_survives_allocation_failure(void **state) {
  survives(state, fetch_and_read);
}

static void fetch_all_survives_allocation_failure(void **state) {
  survives(state, fetch_whole);
}

static void upload_survives_allocation_failure(void **state) {
  survives(state, upload_and_read);
}

static void compressed_body_survives_allocation_failure(void **state) {
  survives(state, fetch_compressed);
}

static void loop_close_survives_allocation_failure(void **state) {
  for (long nth = 1; nth < 60; nth++)
    for (int turns = 0; turns < 4; turns++) {
      avow_promise_t *p = two_transfers();
      for (int i = 0; i < turns; i++)
        (void) uv_run(loop, UV_RUN_NOWAIT);
      fail_allocation(nth, true);
      assert_int_equal(avow_loop_close(loop), 0);
      fail_allocation(0, false);
      assert_non_null(avow_result(p));
      avow_unref(p);
      assert_int_equal(uv_loop_close(loop), 0);
      assert_int_equal(uv_loop_init(loop), 0);
      assert_int_equal(avow_loop_init(loop, &steady), 0);
    }
}

static int oom_setup(void **state) {
  return count_libuv() == 0 ? curl_group_setup(state) : -1;
}

SUITE(oom_curl) {
  const struct CMUnitTest tests[] = {
    CASE(transfers_survive_allocation_failure),
    CASE(fetch_survives_allocation_failure),
    CASE(fetch_all_survives_allocation_failure),
    CASE(upload_survives_allocation_failure),
    CASE(compressed_body_survives_allocation_failure),
    CASE(loop_close_survives_allocation_failure),
  };
  harness_init();
  return cmocka_run_group_tests(tests, oom_setup, curl_group_teardown);
}
