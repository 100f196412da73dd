/* SPDX-License-Identifier: MIT */
/*
 * A server on loops on threads of their own. These tests are also for
 * ThreadSanitizer.
 */
#include "uv/stream_value.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loops_server.h"

static void connections_are_served_on_all_loops(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t ends[MANY] = { { .tag = AVOW_NONE } };

  for (size_t i = 0; loops_seen() < LOOPS; i++) {
    avow_value_unref(ends[i % MANY]);
    ends[i % MANY] = connected();
    wait_for(&begun, (int) i + 1);
  }

  for (size_t i = 0; i < MANY; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void connections_are_distributed_evenly(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t ends[MANY];
  for (int i = 0; i < MANY; i++)
    ends[i] = connected();
  wait_for(&begun, MANY);

  for (int i = 0; i < LOOPS; i++)
    assert_int_equal(seen[i].count, MANY / LOOPS);
  for (int i = 0; i < MANY; i++) {
    assert_echoes(&ends[i]);
    avow_value_unref(ends[i]);
  }

  stop_server(p);
}

static void closing_the_server_lets_connections_end(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  assert_fulfills_none(close_server());
  if (!shared) /* shared sockets close later */
    assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_echoes(&end);

  assert_fulfills_none(p);
  assert_int_equal(ended, 1);
  assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  avow_value_unref(end);
}

static void closing_an_idle_server_settles_the_listen(void **state) {
  avow_promise_t *p = listen_with(echo, 0);

  assert_fulfills_none(close_server());

  assert_fulfills_none(p);
}

static void cancel_ends_connections_and_waits_for_them(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  avow_value_unref(end);
}

static void cancel_of_a_closed_server_cancels_its_connections(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);
  assert_fulfills_none(close_server());

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  avow_value_unref(end);
}

static void connections_above_the_limit_wait(void **state) {
  avow_loops_t *all = loops;
  loops = avow_loops_new(1);
  avow_promise_t *p = listen_with(echo, 2);
  avow_value_t ends[3];
  for (int i = 0; i < 3; i++)
    ends[i] = connected();
  wait_for(&begun, 2);
  assert_fulfills_none(avow_sleep(loop, 5));
  assert_int_equal(begun, 2);

  for (int i = 0; i < 3; i++)
    assert_echoes(&ends[i]);

  for (int i = 0; i < 3; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
  assert_fulfills_none(avow_loops_close(loops, loop));
  loops = all;
}

static void limit_applies_to_each_loop(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 1);
  avow_value_t ends[LOOPS + 2];
  for (int i = 0; i < LOOPS + 2; i++)
    ends[i] = connected();
  wait_for(&begun, LOOPS);
  assert_fulfills_none(avow_sleep(loop, 5));
  assert_int_equal(begun, LOOPS);

  assert_echoes(&ends[0]);
  wait_for(&begun, LOOPS + 1);
  for (int i = 1; i < LOOPS + 2; i++)
    assert_echoes(&ends[i]);

  for (int i = 0; i < LOOPS + 2; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void failed_connections_do_not_stop_the_server(void **state) {
  static const avow_cb fns[] = { hang_up, fail_later };
  for (size_t i = 0; i < 2; i++) {
    avow_promise_t *p = listen_with(fns[i], SIZE_MAX);
    begun = 0;
    for (int j = 0; j < 3; j++) {
      const avow_value_t end = connected();
      assert_hangs_up(&end);
      avow_value_unref(end);
    }
    assert_int_equal(begun, 3);
    stop_server(p);
    avow_value_unref(server);
    bind_server();
  }
}

static avow_value_t echo_once(size_t i, void *data) {
  return avow_follow(avow_connect(loop, "127.0.0.1", port));
}

static void stop_under_load_leaves_nothing(void **state) {
  static const avow_map_options_t options = { .concurrency = 16,
                                              .kind = AVOW_ALL_SETTLED };
  for (int round = 0; round < 5; round++) {
    begun = 0;
    avow_promise_t *p = listen_with(round % 2 == 0 ? echo : fail_later, 0);
    avow_promise_t *clients = avow_map(loop, 200, echo_once, NULL, &options);
    wait_for(&begun, 20 + 10 * round);

    stop_server(p);

    avow_value_unref(avow_run(clients));
    avow_value_unref(server);
    bind_server();
  }
}

/* The server ends at the next connection at the latest. */
static void closed_loops_end_the_server_at_the_next_connection(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  assert_fulfills_none(avow_loops_close(loops, loop));

  assert_hangs_up(&end);
  avow_value_unref(end);
  const avow_value_t late = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_rejects(p, UV_ECANCELED);
  if (!avow_is_error(&late))
    assert_hangs_up(&late);
  avow_value_unref(late);
  loops = avow_loops_new(1);
}

static void home_loop_close_waits_for_the_connections(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const int fd = connect_by_hand();
  wait_for(&begun, 1);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(ended, 1);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  (void) close(fd);
}

SUITE(loops_listen) {
  (void) signal(SIGPIPE, SIG_IGN);
  loops_server_init();
  const struct CMUnitTest tests[] = {
    LISTEN_CASE(connections_are_served_on_all_loops),
    LISTEN_CASE(connections_are_distributed_evenly),
    LISTEN_CASE(closing_the_server_lets_connections_end),
    LISTEN_CASE(closing_an_idle_server_settles_the_listen),
    LISTEN_CASE(cancel_ends_connections_and_waits_for_them),
    LISTEN_CASE(cancel_of_a_closed_server_cancels_its_connections),
    LISTEN_CASE(connections_above_the_limit_wait),
    LISTEN_CASE(limit_applies_to_each_loop),
    LISTEN_CASE(failed_connections_do_not_stop_the_server),
    LISTEN_CASE(stop_under_load_leaves_nothing),
    LISTEN_CASE(closed_loops_end_the_server_at_the_next_connection),
    LISTEN_CASE(home_loop_close_waits_for_the_connections),
  };
  return RUN(tests);
}
