/* SPDX-License-Identifier: MIT */
/* Connecting and closing: outcomes and error messages. */
#include "nats_test.h"

static void client_connects(void **state) {
  assert_int_equal(natsConnection_Status(avow_to_nats(&nats)),
                   NATS_CONN_STATUS_CONNECTED);
}

static void fails_to_connect(const char *url, natsOptions *options, int code,
                             natsStatus status) {
  const avow_value_t v = avow_run(avow_nats_connect(loop, url, options));
  assert_int_equal(avow_error_code(&v), code);
  assert_int_equal(avow_nats_code(&v), status);
  assert_true(avow_error_message(&v)[0] >= 'A'); /* not a source line */
  avow_value_unref(v);
}

static void failed_connect_gives_the_reason(void **state) {
  fails_to_connect(refusing_url(), NULL, UV_ECONNREFUSED, NATS_NO_SERVER);
  fails_to_connect("nats://127.0.0.1:none", NULL, UV_EINVAL, NATS_INVALID_ARG);
  fails_to_connect(silent_url(), options_of(50), UV_ETIMEDOUT, NATS_TIMEOUT);
  silent_leave();
}

/* Other errors have no code of libnats. */
static void other_values_have_no_nats_code(void **state) {
  const avow_value_t others[] = { avow_error(UV_EIO), avow_int(1) };
  assert_int_equal(avow_nats_code(&others[0]), NATS_OK);
  assert_int_equal(avow_nats_code(&others[1]), NATS_OK);
  assert_null(avow_to_nats(&others[1]));
}

static avow_promise_t *connect_to_silence(void) {
  avow_promise_t *p = avow_nats_connect(loop, silent_url(), options_of(HOUR));
  silent_wait();
  return p;
}

/* The loop iterates while a server does not answer. */
static void connecting_does_not_block_the_loop(void **state) {
  avow_promise_t *p = connect_to_silence();
  for (int i = 0; i < 10; i++)
    assert_fulfills_none(avow_sleep(loop, 1));
  assert_int_equal(avow_state(p), AVOW_PENDING);
  silent_leave();
  const avow_value_t v = avow_run(p);
  assert_int_not_equal(avow_nats_code(&v), NATS_OK);
  avow_value_unref(v);
}

static void connect_cancels_at_once(void **state) {
  assert_cancels_at_once(connect_to_silence());
  silent_leave();
  run(); /* the thread ends when libnats has given up */
}

static void connect_accepts_options(void **state) {
  natsOptions *options = options_of(HOUR);
  assert_int_equal(natsOptions_SetURL(options, nats_url()), NATS_OK);
  assert_int_equal(natsOptions_SetName(options, "tests"), NATS_OK);
  avow_value_t own = connected(avow_nats_connect(loop, NULL, options));
  avow_value_unref(own);
  run();
}

static void second_close_rejects(void **state) {
  assert_fulfills_none(avow_nats_close(&nats));
  assert_int_equal(natsConnection_Status(avow_to_nats(&nats)),
                   NATS_CONN_STATUS_CLOSED);
  assert_rejects(avow_nats_close(&nats), UV_ENOTCONN);
}

/* No request is pending, so that the loop has no work. */
static void idle_connection_does_not_keep_the_loop_alive(void **state) {
  assert_int_equal(uv_loop_alive(loop), 0);
  run();
  assert_int_equal(natsConnection_Status(avow_to_nats(&nats)),
                   NATS_CONN_STATUS_CONNECTED);
}

static void missing_jetstream_is_reported(void **state) {
  assert_rejects(avow_nats_queue(&nats, "q", NULL), UV_ENOTSUP);
  assert_rejects(avow_nats_bucket(&nats, "b", NULL), UV_ENOTSUP);
}

SUITE(nats) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(client_connects),
    CASE(failed_connect_gives_the_reason),
    CASE(other_values_have_no_nats_code),
    CASE(connecting_does_not_block_the_loop),
    CASE(connect_cancels_at_once),
    CASE(connect_accepts_options),
    NATS_CASE(second_close_rejects),
    NATS_CASE(idle_connection_does_not_keep_the_loop_alive),
    NATS_CASE(missing_jetstream_is_reported),
  };
  return RUN_NATS(tests);
}
