/* SPDX-License-Identifier: MIT */
/* Connecting the program's own handle by host name. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "acceptor.h"

static uv_tcp_t tcp;
static bool is_ours; /* whether the test closes the handle */

static avow_stream_t ours(void) {
  return avow_uv_stream((uv_stream_t *) &tcp);
}

static int set_up(void **state) {
  const int err = acceptor_setup(state);
  is_ours = true;
  tcp.data = state;
  return err != 0 ? err : uv_tcp_init(loop, &tcp);
}

static void close_ours(void) {
  is_ours = false;
  assert_fulfills_none(avow_close(ours()));
}

static int tear_down(void **state) {
  if (is_ours)
    close_ours();
  return acceptor_teardown(state);
}

static avow_promise_t *start(void) {
  return avow_tcp_connect_host(&tcp, "127.0.0.1", server_port);
}

static void assert_exchanges_data(void) {
  wait_for(1);
  assert_fulfills_int(avow_write(ours(), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  assert_fulfills_int(avow_write(avow_to_stream(&accepted[0]),
                                 avow_string("ho")),
                      2);
  assert_fulfills_bytes(avow_read(ours(), 10), "ho");
}

static void handle_is_connected(void **state) {
  assert_fulfills_none(start());

  assert_exchanges_data();
  assert_ptr_equal(tcp.data, state);
}

static void closing_the_handle_ends_the_connection(void **state) {
  assert_fulfills_none(start());
  wait_for(1);

  close_ours();

  assert_hears_the_end(&accepted[0]);
}

static void socket_options_set_before_connect_are_kept(void **state) {
  uv_os_fd_t fd;
  int on = 0;
  socklen_t len = sizeof(on);
  assert_int_equal(uv_tcp_nodelay(&tcp, 1), 0);

  assert_fulfills_none(start());

  assert_int_equal(uv_fileno((uv_handle_t *) &tcp, &fd), 0);
  assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
  assert_int_not_equal(on, 0);
}

static void refused_handle_can_connect_again(void **state) {
  assert_says(avow_tcp_connect_host(&tcp, "127.0.0.1", "1"), UV_ECONNREFUSED,
              "connect '127.0.0.1:1': connection refused");

  assert_fulfills_none(start());
  assert_exchanges_data();
}

static void canceled_handle_can_connect_again(void **state) {
  avow_promise_t *p = start();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  assert_fulfills_none(start());
  assert_int_equal(avow_peer_address((uv_handle_t *) &tcp).port,
                   atoi(server_port));
}

static void closing_the_handle_rejects_the_connect(void **state) {
  avow_promise_t *p = start();

  close_ours();

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
}

/* libuv does not report that the program closed the handle. */
static void handle_that_the_program_closes_is_not_connected(void **state) {
  avow_promise_t *p = start();
  is_ours = false;
  uv_close((uv_handle_t *) &tcp, NULL);

  assert_rejects(p, UV_ECANCELED);
}

static void second_connect_is_refused_while_connecting(void **state) {
  avow_promise_t *p = start();

  assert_says(start(), UV_EALREADY, "connect '127.0.0.1': already in progress");

  assert_fulfills_none(p);
}

static void invalid_connects_are_refused(void **state) {
  assert_rejects(avow_tcp_connect_host(&tcp, NULL, "1"), UV_EINVAL);
  assert_rejects(avow_tcp_connect_host(&tcp, "127.0.0.1", NULL), UV_EINVAL);
  assert_fulfills_none(start());
  assert_says(start(), UV_EINVAL, "connect '127.0.0.1': invalid argument");
  is_ours = false;
  avow_promise_t *p = avow_close(ours());
  assert_rejects(start(), UV_EINVAL);
  assert_fulfills_none(p);
}

static void connect_nothing(void) {
  assert_rejects(avow_tcp_connect_host(NULL, "127.0.0.1", "1"), AVOW_EMISUSE);
}

static void null_handle_is_misuse(void **state) {
  assert_misuse(connect_nothing, "handle is NULL; pass a valid handle");
}

static void loop_close_cancels_the_connect(void **state) {
  avow_promise_t *p = start();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  const int err = avow_error_code(&v);
  assert_true(err == 0 || err == UV_ENOMEM);
  avow_value_unref(v);
  close_ours();
  is_ours = uv_tcp_init(loop, &tcp) == 0;
  for (; accepted_count > 0; accepted_count--)
    drop(&accepted[accepted_count - 1]);
  return failed;
}

static void connecting_survives_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(nth, on != 0); nth++)
      assert_true(nth < 100);
}

#define HOST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(connect_host) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    HOST(handle_is_connected),
    HOST(closing_the_handle_ends_the_connection),
    HOST(socket_options_set_before_connect_are_kept),
    HOST(refused_handle_can_connect_again),
    HOST(canceled_handle_can_connect_again),
    HOST(closing_the_handle_rejects_the_connect),
    HOST(handle_that_the_program_closes_is_not_connected),
    HOST(second_connect_is_refused_while_connecting),
    HOST(invalid_connects_are_refused),
    HOST(null_handle_is_misuse),
    HOST(loop_close_cancels_the_connect),
    HOST(connecting_survives_failing_memory),
  };
  return RUN(tests);
}
