/*
 * No memory: each allocation of avow, of the adapter and of libuv fails in
 * turn, once and from then on. What was asked fulfils or rejects, and nothing
 * is left.
 */
#include "curl_test.h"

static avow_value_t none_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

/* A client of its own, which goes when both are done. */
static avow_promise_t *two_transfers(void) {
  avow_curl_t *own = avow_curl_new(loop);
  avow_promise_t *both[] = {
    avow_curl_perform(own, easy_for(url_of("/hello"), NULL)),
    avow_curl_perform(own, easy_for(url_of("/chunked/100"), NULL)),
  };
  avow_curl_unref(own);
  return avow_then(avow_all(loop, both, 2), none_cb, NULL, NULL);
}

static void memory_of_avow_fails(void **state) {
  assert_survives_failing_memory(harness_setup, harness_teardown, state,
                                 two_transfers);
}

static void closed_without_memory(void **state) {
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
      assert_int_equal(avow_loop_init(loop, NULL), 0);
    }
}

static int oom_setup(void **state) {
  return count_libuv() == 0 ? curl_group_setup(state) : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(memory_of_avow_fails),
    CASE(closed_without_memory),
  };
  harness_init();
  return cmocka_run_group_tests(tests, oom_setup, curl_group_teardown);
}
