/* SPDX-License-Identifier: MIT */
/* The three connectors of docs/connector in the same situations. */
#include "harness.h"
#include "world.h"

enum { PATIENT = 3600 * 1000, HASTY = 30 };

typedef avow_promise_t *(*connect_fn)(uv_loop_t *, const char *, const char *,
                                      uint64_t);

static connect_fn connect_to;

/* Adapts the raw connector to the interface of the others. */
typedef struct {
  avow_deferred_t *deferred;
  raw_t *raw;
} adapter_t;

static void on_raw(uv_tcp_t *tcp, int status, void *data) {
  adapter_t *adapter = data;
  avow_deferred_t *d = adapter->deferred;
  free(adapter);
  if (status == 0)
    (void) avow_resolve(d, avow_pointer(tcp)); /* fails if it was canceled */
  else
    (void) avow_reject(d, avow_error(status)); /* or canceled */
}

static void cancel_raw(void *data) {
  raw_cancel(((adapter_t *) data)->raw);
}

static avow_promise_t *adapted_raw(uv_loop_t *l, const char *host,
                                   const char *service, uint64_t ms) {
  adapter_t *adapter = malloc(sizeof(*adapter));
  assert_non_null(adapter);
  avow_promise_t *p = avow_promise_new(l, &adapter->deferred);
  const int err =
      raw_connect(l, host, service, ms, on_raw, adapter, &adapter->raw);
  assert_int_equal(err, 0);
  avow_on_cancel(adapter->deferred, cancel_raw, adapter);
  return p;
}

static avow_promise_t *begin(const char *host, manners_t manners, uint64_t ms) {
  world_open(loop, manners);
  return connect_to(loop, host, "1", ms);
}

static void end(void) {
  world_close();
  run();
}

static void assert_connects(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(v.tag, AVOW_POINTER);
  uv_tcp_t *tcp = avow_to_pointer(&v);
  assert_int_equal(uv_is_readable((uv_stream_t *) tcp), 1);
  assert_int_equal(avow_run(avow_close_handle((uv_handle_t *) tcp)).tag,
                   AVOW_NONE);
  free(tcp);
  end();
}

static void assert_fails(avow_promise_t *p, int code) {
  assert_rejects(p, code);
  end();
}

static void connector_connects(void **state) {
  assert_connects(begin("good", WELCOMES, PATIENT));
}

static void connector_accepts_a_welcome_in_pieces(void **state) {
  assert_connects(begin("good", WELCOMES_IN_PIECES, PATIENT));
}

static void connector_tries_the_second_address_if_the_first_fails(
    void **state) {
  assert_connects(begin("first-dead", WELCOMES, PATIENT));
}

static void connector_fails_if_all_addresses_refuse(void **state) {
  assert_fails(begin("both-dead", WELCOMES, PATIENT), UV_ECONNREFUSED);
}

static void connector_fails_if_the_name_is_unknown(void **state) {
  assert_fails(begin("nowhere", WELCOMES, PATIENT), UV_EAI_NONAME);
}

static void connector_fails_if_writing_fails(void **state) {
  avow_promise_t *p = begin("good", WELCOMES, PATIENT);
  world_breaks_writing();

  assert_fails(p, UV_EPIPE);
}

static void connector_fails_if_the_peer_hangs_up(void **state) {
  assert_fails(begin("good", HANGS_UP, PATIENT), UV_EOF);
}

static void connector_fails_if_the_welcome_is_wrong(void **state) {
  assert_fails(begin("good", SAYS_WRONG, PATIENT), UV_EPROTO);
}

static void connector_times_out_if_the_peer_is_silent(void **state) {
  assert_fails(begin("good", KEEPS_SILENT, HASTY), UV_ETIMEDOUT);
}

static void connector_times_out_while_connecting(void **state) {
  assert_fails(begin("stuck", WELCOMES, HASTY), UV_ETIMEDOUT);
}

static avow_value_t resolve(const avow_value_t *none, void *data) {
  world_resolves();
  return avow_none();
}

static void connector_times_out_while_resolving(void **state) {
  avow_promise_t *p = begin("slow", WELCOMES, HASTY);
  avow_unref(avow_then(avow_sleep(loop, 2 * HASTY), resolve, NULL, NULL));

  assert_fails(p, UV_ETIMEDOUT);

  assert_int_equal(world_attempts(), 0);
}

static void connector_may_be_canceled_while_resolving(void **state) {
  avow_promise_t *p = begin("slow", WELCOMES, PATIENT);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the connector keeps the loop alive */

  avow_cancel(p);
  world_resolves();

  assert_fails(p, UV_ECANCELED);
  assert_int_equal(world_attempts(), 0);
}

static void connector_may_be_canceled_while_connecting(void **state) {
  avow_promise_t *p = begin("stuck", WELCOMES, PATIENT);
  while (world_attempts() == 0)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps it alive */

  avow_cancel(p);

  assert_fails(p, UV_ECANCELED);
  assert_int_equal(world_attempts(), 1);
}

static void connector_may_be_canceled_while_awaiting_an_answer(void **state) {
  avow_promise_t *p = begin("first-dead", KEEPS_SILENT, PATIENT);
  while (world_greetings() == 0)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps it alive */

  avow_cancel(p);

  assert_fails(p, UV_ECANCELED);
  assert_int_equal(world_attempts(), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(connector_connects),
    CASE(connector_accepts_a_welcome_in_pieces),
    CASE(connector_tries_the_second_address_if_the_first_fails),
    CASE(connector_fails_if_all_addresses_refuse),
    CASE(connector_fails_if_the_name_is_unknown),
    CASE(connector_fails_if_writing_fails),
    CASE(connector_fails_if_the_peer_hangs_up),
    CASE(connector_fails_if_the_welcome_is_wrong),
    CASE(connector_times_out_if_the_peer_is_silent),
    CASE(connector_times_out_while_connecting),
    CASE(connector_times_out_while_resolving),
    CASE(connector_may_be_canceled_while_resolving),
    CASE(connector_may_be_canceled_while_connecting),
    CASE(connector_may_be_canceled_while_awaiting_an_answer),
  };
  harness_init();
  world_init();
  connect_to = adapted_raw;
  int failed = cmocka_run_group_tests_name("raw", tests, NULL, NULL);
  connect_to = then_connect;
  failed += cmocka_run_group_tests_name("then", tests, NULL, NULL);
  connect_to = await_connect;
  failed += cmocka_run_group_tests_name("await", tests, NULL, NULL);
  return failed;
}
