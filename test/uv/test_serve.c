/* SPDX-License-Identifier: MIT */
/* Serving: the service of a listening stream, which loops_listen uses. */
#include "uv/serve.h"

#include <netinet/in.h>
#include <stdio.h>

#include "avow/net.h"
#include "harness.h"
#include "uv/stream_value.h"

enum { MANY = 4 };

static avow_value_t server; /* borrowed from the service */
static char port[8];
static avow_deferred_t *served[MANY];
static int count;

static avow_promise_t *serve(avow_value_t (*fn)(avow_value_t, void *),
                             size_t concurrency) {
  struct sockaddr_in address;
  int len = sizeof(address);
  count = 0;
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  const uv_tcp_t *tcp =
      (const uv_tcp_t *) avow_stream_handle(avow_to_stream(&server));
  assert_int_equal(uv_tcp_getsockname(tcp, (struct sockaddr *) &address, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  const avow__service_t service = { .serve = fn,
                                    .backlog = 8,
                                    .concurrency = concurrency };
  return avow__serve(server, &service);
}

static avow_value_t keep(avow_value_t stream, void *data) {
  avow_promise_t *p = avow_promise_new(loop, &served[count++]);
  avow_value_unref(stream);
  return avow_follow(p);
}

static avow_value_t close_and_keep(avow_value_t stream, void *data) {
  avow__owned_close_value(&server);
  return keep(stream, data);
}

static void connect_one(void) {
  avow_value_unref(avow_run(avow_connect(loop, "127.0.0.1", port)));
}

static void wait_for(int n) {
  while (count < n)
    (void) uv_run(loop, UV_RUN_ONCE); /* count shows progress */
}

/* The connection is not yet a child when the server closes. */
static void closed_service_waits_for_its_connection(void **state) {
  avow_promise_t *p = serve(close_and_keep, MANY);
  connect_one();
  wait_for(1);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(served[0], avow_none()));

  assert_fulfills_none(p);
}

/* libuv does not report that the handle was closed. */
static void canceled_service_accepts_nothing_of_a_closed_server(void **state) {
  avow_promise_t *p = serve(keep, 1);
  connect_one();
  connect_one();
  wait_for(1);
  uv_close((uv_handle_t *) avow_stream_handle(avow_to_stream(&server)), NULL);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  assert_int_equal(count, 1);
  avow_deferred_drop(served[0]);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(serve) {
  const struct CMUnitTest tests[] = {
    CASE(closed_service_waits_for_its_connection),
    CASE(canceled_service_accepts_nothing_of_a_closed_server),
  };
  return RUN(tests);
}
