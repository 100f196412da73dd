/* SPDX-License-Identifier: MIT */
/* The network of the simulator, tested with callbacks of libuv only. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "echo.h"
#include "sim/hosts.h"
#include "sim/world.h"
#include "suite.h"

enum { SEEDS = 80 };

static void echo_done(echo_t *echo) {
  avow_sim_check(echo_is_right(echo), "not all came back: %d %d %d",
                 echo->clients[0].err, echo->clients[1].err,
                 echo->clients[2].err);
  (void) avow_resolve(echo->data, avow_none());
}

static avow_promise_t *echo_program(uv_loop_t *loop, void *data) {
  echo_t *echo = data;
  const char *name = echo->name;
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  *echo = (echo_t){ .name = name, .done = echo_done, .data = d };
  avow_sim_check(echo_begin(echo, loop) == 0, "it does not begin");
  return p;
}

static void echo_returns_all_bytes_with_any_seed(void **state) {
  static echo_t echo;
  for (int i = 0; i < 2; i++) {
    echo.name = i == 0 ? NULL : "echo";
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
      const avow_sim_result_t one = avow_sim(seed, echo_program, &echo, NULL);
      const avow_sim_result_t two = avow_sim(seed, echo_program, &echo, NULL);

      assert_string_equal(one.why, "");
      assert_true(one.hash == two.hash);
    }
  }
}

static void echo_returns_all_bytes_without_a_run(void **state) {
  static echo_t echo;
  uv_loop_t *loop = uv_default_loop();

  assert_int_equal(echo_begin(&echo, loop), 0);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);

  assert_true(echo_is_right(&echo));
}

static size_t got_by_all(const echo_t *echo) {
  size_t got = 0;
  for (int i = 0; i < ECHO_CLIENTS; i++)
    got += echo->clients[i].got;
  return got;
}

/* The program reads what has arrived. Everything in transit waits. */
static void nothing_arrives_while_the_network_is_partitioned(void **state) {
  static echo_t echo;
  uv_loop_t *loop = uv_default_loop();

  assert_int_equal(echo_begin(&echo, loop), 0);
  while (got_by_all(&echo) == 0)
    (void) uv_run(loop, UV_RUN_ONCE); /* not 0: they are open */
  const uint64_t whole_at = sim_now() + 1000 * SIM_MS;
  sim_host_part(NULL, whole_at);
  for (int i = 0; i < 100; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  const size_t got = got_by_all(&echo);
  while (got_by_all(&echo) == got)
    (void) uv_run(loop, UV_RUN_ONCE);

  assert_true(sim_now() >= whole_at);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  assert_true(echo_is_right(&echo));
}

/* Listening. */

static void bind_to(uv_tcp_t *tcp, uv_loop_t *loop, int port) {
  struct sockaddr_in address;
  assert_int_equal(uv_tcp_init(loop, tcp), 0);
  assert_int_equal(uv_ip4_addr("127.0.0.1", port, &address), 0);
  assert_int_equal(uv_tcp_bind(tcp, (const struct sockaddr *) &address, 0), 0);
}

static void let_wait(uv_stream_t *server, int status) {
}

static void close_all(uv_tcp_t tcps[], int n, uv_loop_t *loop) {
  for (int i = 0; i < n; i++)
    uv_close((uv_handle_t *) &tcps[i], NULL);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
}

static void listen_reports_a_port_in_use(void **state) {
  uv_loop_t *loop = uv_default_loop();
  struct sockaddr_storage name;
  int len = sizeof(name);
  uv_tcp_t tcps[2];

  bind_to(&tcps[0], loop, 7001);
  assert_int_equal(uv_listen((uv_stream_t *) &tcps[0], 1, let_wait), 0);
  bind_to(&tcps[1], loop, 7001);

  assert_int_equal(uv_tcp_getsockname(&tcps[1], (struct sockaddr *) &name,
                                      &len),
                   UV_EADDRINUSE);
  assert_int_equal(uv_listen((uv_stream_t *) &tcps[1], 1, let_wait),
                   UV_EADDRINUSE);
  close_all(tcps, 2, loop);
}

static int outcomes[3];
static int n_outcomes;

static void note_outcome(uv_connect_t *req, int status) {
  outcomes[n_outcomes++] = status;
}

/* libuv accepts one connection itself, and another one fits into a backlog of
   zero. */
static void connection_beyond_the_backlog_times_out(void **state) {
  uv_loop_t *loop = uv_default_loop();
  const uint64_t begin = uv_hrtime();
  struct sockaddr_in address;
  uv_connect_t requests[3];
  uv_tcp_t tcps[4];
  bind_to(&tcps[3], loop, 7001);
  assert_int_equal(uv_listen((uv_stream_t *) &tcps[3], 0, let_wait), 0);
  assert_int_equal(uv_ip4_addr("127.0.0.1", 7001, &address), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(uv_tcp_init(loop, &tcps[i]), 0);
    assert_int_equal(uv_tcp_connect(&requests[i], &tcps[i],
                                    (const struct sockaddr *) &address,
                                    note_outcome),
                     0);
    (void) uv_run(loop, UV_RUN_ONCE); /* makes an order */
  }

  while (n_outcomes < 3)
    (void) uv_run(loop, UV_RUN_ONCE);

  const uint64_t seconds = (uv_hrtime() - begin) / 1000000000;
  assert_int_equal(outcomes[0], 0);
  assert_int_equal(outcomes[1], 0);
  assert_int_equal(outcomes[2], UV_ETIMEDOUT);
  assert_in_range(seconds, 127, 128);
  close_all(tcps, 4, loop);
}

SUITE(net) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(echo_returns_all_bytes_without_a_run),
    cmocka_unit_test(echo_returns_all_bytes_with_any_seed),
    cmocka_unit_test(nothing_arrives_while_the_network_is_partitioned),
    cmocka_unit_test(listen_reports_a_port_in_use),
    cmocka_unit_test(connection_beyond_the_backlog_times_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
