/*
 * No memory: each allocation of avow, of the adapter and of libuv fails in
 * turn, once and from then on. What was asked fulfils or rejects, and nothing
 * is left.
 */
#include "nats_test.h"

static avow_value_t close_cb(const avow_value_t *connection, void *data) {
  return avow_follow(avow_nats_close(connection));
}

static avow_promise_t *connect_and_close(void) {
  avow_promise_t *p = avow_nats_connect(loop, nats_url(), NULL);
  return avow_then(p, close_cb, NULL, NULL);
}

static void connect_without_memory(void **state) {
  assert_survives_failing_memory(harness_setup, harness_teardown, state,
                                 connect_and_close);
}

static void closed_without_memory(void **state) {
  for (long nth = 1; nth < 30; nth++) {
    avow_promise_t *p = connect_and_close();
    for (long i = 0; i < nth % 3; i++)
      (void) uv_run(loop, UV_RUN_NOWAIT);
    fail_allocation(nth, true);
    assert_int_equal(avow_loop_close(loop), 0);
    fail_allocation(0, false);
    assert_non_null(avow_result(p));
    avow_unref(p);
    begin_anew();
  }
}

static int oom_setup(void **state) {
  return count_libuv() == 0 ? nats_group_setup(state) : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(connect_without_memory),
    CASE(closed_without_memory),
  };
  harness_init();
  return cmocka_run_group_tests(tests, oom_setup, nats_group_teardown);
}
