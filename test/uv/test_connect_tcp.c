/* SPDX-License-Identifier: MIT */
/* Connecting over TCP. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "harness.h"

typedef struct sockaddr_storage address_t;

static uv_tcp_t ours, listener, accepted;
static address_t there; /* address of the listener */
static char name[64];   /* that address as text */

static void on_connection(uv_stream_t *server, int status) {
  note("connection");
  if (accepted.loop != NULL || status != 0)
    return;
  (void) uv_tcp_init(loop, &accepted);
  (void) uv_accept(server, (uv_stream_t *) &accepted);
}

static const struct sockaddr *to(const address_t *address) {
  return (const struct sockaddr *) address;
}

/* Finds the listener's address, as messages print it. */
static int find_address(void) {
  int len = sizeof(there);
  char ip[48];
  const int err =
      uv_tcp_getsockname(&listener, (struct sockaddr *) &there, &len);
  if (err != 0 || uv_ip_name(to(&there), ip, sizeof(ip)) != 0)
    return -1;
  const bool v6 = there.ss_family == AF_INET6;
  const int port = ntohs(v6 ? ((struct sockaddr_in6 *) &there)->sin6_port
                            : ((struct sockaddr_in *) &there)->sin_port);
  (void) snprintf(name, sizeof(name), v6 ? "[%s]:%d" : "%s:%d", ip, port);
  return 0;
}

static int listen_at(const address_t *address) {
  (void) uv_tcp_init(loop, &listener);
  (void) uv_tcp_init(loop, &ours);
  const int err = uv_tcp_bind(&listener, to(address), 0);
  if (err != 0)
    return err;
  if (uv_listen((uv_stream_t *) &listener, 16, on_connection) != 0)
    return -1;
  return find_address();
}

static int set_up(void **state) {
  address_t address = { 0 };
  memset(&accepted, 0, sizeof(accepted));
  (void) uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *) &address);
  return harness_setup(state) == 0 ? listen_at(&address) : -1;
}

static void close_if_open(uv_tcp_t *tcp) {
  if (tcp->loop != NULL && !uv_is_closing((uv_handle_t *) tcp))
    uv_close((uv_handle_t *) tcp, NULL);
}

static int tear_down(void **state) {
  close_if_open(&ours);
  close_if_open(&listener);
  close_if_open(&accepted);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the handles are closed */
  return harness_teardown(state);
}

/* Leaves an address at which no server listens any longer. */
static void stop_listening(void) {
  uv_close((uv_handle_t *) &listener, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the listener is closed */
}

/* Runs one iteration, which does all work that is due. */
static void turn(void) {
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the listener keeps it alive */
}

static avow_promise_t *start(void) {
  return avow_tcp_connect(&ours, to(&there));
}

static void assert_connect_says(avow_promise_t *p, int code, const char *text) {
  char message[128];
  (void) snprintf(message, sizeof(message), "connect '%s': %s", name, text);
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void connect_fulfills_with_none_when_connected(void **state) {
  assert_fulfills_none(start());

  assert_true(uv_is_writable((uv_stream_t *) &ours));
  assert_notes("connection");
}

static void connected_streams_exchange_data(void **state) {
  assert_fulfills_none(start());
  turn();

  assert_fulfills_int(avow_write(avow_uv_stream((uv_stream_t *) &ours),
                                 avow_string("hi")),
                      2);
  const avow_value_t v =
      avow_run(avow_read(avow_uv_stream((uv_stream_t *) &accepted), 100));

  assert_string_equal(avow_to_bytes(&v, NULL), "hi");
  avow_value_unref(v);
}

#ifndef _WIN32 /* where libuv refuses it */

static void write_waits_for_the_connection(void **state) {
  avow_promise_t *connected = start();
  avow_promise_t *written =
      avow_write(avow_uv_stream((uv_stream_t *) &ours), avow_string("hi"));
  assert_int_equal(avow_state(written), AVOW_PENDING);

  connected = avow_then(connected, note_cb, NULL, "connected");
  assert_fulfills_int(avow_then(written, note_cb, NULL, "written"), 2);

  assert_fulfills_none(connected);
  assert_notes("connection connected written");
}

#endif

static void connect_copies_the_address(void **state) {
  avow_promise_t *p = start();

  memset(&there, 0, sizeof(there));

  assert_fulfills_none(p);
}

/* Runs the setup again over IPv6. Returns false if the system has no IPv6. */
static bool change_to_v6(void **state) {
  address_t address = { 0 };
  (void) uv_ip6_addr("::1", 0, (struct sockaddr_in6 *) &address);
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(harness_setup(state), 0);
  return listen_at(&address) == 0;
}

static void connect_connects_over_ipv6(void **state) {
  if (!change_to_v6(state))
    skip_because("no IPv6 here");

  assert_fulfills_none(start());
}

static void refusal_names_the_address(void **state) {
  stop_listening();

  assert_connect_says(start(), UV_ECONNREFUSED, "connection refused");
}

static void refusal_names_the_ipv6_address(void **state) {
  if (!change_to_v6(state))
    skip_because("no IPv6 here");
  stop_listening();

  assert_connect_says(start(), UV_ECONNREFUSED, "connection refused");
}

static void refused_handle_closes_normally(void **state) {
  stop_listening();
  assert_rejects(start(), UV_ECONNREFUSED);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));
}

static void connect_rejects_an_unknown_family(void **state) {
  there.ss_family = AF_UNIX;
  (void) snprintf(name, sizeof(name), "?:0");

  assert_connect_says(start(), UV_EINVAL, "invalid argument");
}

static void connect_rejects_without_an_address(void **state) {
  (void) snprintf(name, sizeof(name), "NULL");

  assert_connect_says(avow_tcp_connect(&ours, NULL), UV_EINVAL,
                      "invalid argument");
}

#ifndef _WIN32 /* Wine reports an end to the peer */

static void peer_reads_a_connection_reset(void **state) {
  assert_fulfills_none(start());
  turn();

  assert_fulfills_none(avow_close_reset(&ours));

  assert_rejects(avow_read(avow_uv_stream((uv_stream_t *) &accepted), 100),
                 UV_ECONNRESET);
}

#endif

static void reset_rejects_a_pending_read_at_once(void **state) {
  assert_fulfills_none(start());
  avow_promise_t *read = avow_read(avow_uv_stream((uv_stream_t *) &ours), 100);

  avow_promise_t *p = avow_close_reset(&ours);

  assert_int_equal(avow_result(read)->code, UV_ECANCELED);
  avow_unref(read);
  assert_fulfills_none(p);
}

static void reset_is_refused_during_a_shutdown(void **state) {
  assert_fulfills_none(start());
  avow_promise_t *read = avow_read(avow_uv_stream((uv_stream_t *) &ours), 100);
  avow_promise_t *shutdown =
      avow_shutdown(avow_uv_stream((uv_stream_t *) &ours));

  const avow_value_t v = avow_run(avow_close_reset(&ours));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "close: invalid argument");
  avow_value_unref(v);
  assert_false(uv_is_closing((uv_handle_t *) &ours));
  assert_int_equal(avow_state(read), AVOW_PENDING);
  assert_fulfills_none(shutdown);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));
  assert_rejects(read, UV_ECANCELED);
}

static void reset_of_a_closing_handle_rejects(void **state) {
  avow_promise_t *p = avow_close_handle((uv_handle_t *) &ours);

  assert_rejects(avow_close_reset(&ours), UV_EALREADY);

  assert_fulfills_none(p);
}

#ifndef _WIN32 /* the error depends on the progress of the first attempt */

static void connect_rejects_while_connecting(void **state) {
  avow_promise_t *p = start();

  assert_connect_says(start(), UV_EALREADY, "already in progress");

  assert_fulfills_none(p);
}

#endif

static void connect_rejects_on_a_closing_handle(void **state) {
  uv_close((uv_handle_t *) &ours, NULL);

  assert_connect_says(start(), UV_EINVAL, "invalid argument");
}

static void read_rejects_without_a_connection(void **state) {
  const avow_value_t v =
      avow_run(avow_read(avow_uv_stream((uv_stream_t *) &ours), 100));

  assert_int_equal(avow_error_code(&v), UV_ENOTCONN);
  assert_string_equal(avow_error_message(&v), "read: socket is not connected");
  avow_value_unref(v);
}

static void canceled_connect_still_connects(void **state) {
  assert_cancels_at_once(start());
  turn();

  assert_notes("connection");
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));
}

static void closing_the_handle_ends_a_canceled_connect(void **state) {
  assert_cancels_at_once(start());

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));
}

static void canceled_connect_ignores_a_refusal(void **state) {
  stop_listening();

  assert_cancels_at_once(start());
  run();
}

static void connect_canceled_by_another_completion_rejects(void **state) {
  uv_tcp_t other;
  (void) uv_tcp_init(loop, &other);
  avow_promise_t *first = start();
  avow_promise_t *second = avow_tcp_connect(&other, to(&there));

  assert_fulfills_none(avow_then(first, cancel_cb, NULL, second));

  assert_rejects(second, UV_ECANCELED);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &other));
}

static void cancel_after_the_connect_changes_nothing(void **state) {
  avow_promise_t *p = start();
  assert_fulfills_none(avow_ref(p));

  avow_cancel(p);

  assert_fulfills_none(p);
}

static void connects_are_counted_while_in_flight(void **state) {
  avow_stats_t during, after;
  avow_promise_t *p = start();
  avow_loop_stats(loop, &during, sizeof(during));

  assert_fulfills_none(p);

  avow_loop_stats(loop, &after, sizeof(after));
  assert_int_equal(during.requests, 1);
  assert_int_equal(after.requests, 0);
}

static void loop_close_rejects_a_connect_but_does_not_stop_it(void **state) {
  avow_promise_t *p = start();

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  turn();

  assert_notes("connection");
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void closing_the_handle_after_the_loop_ends_a_connect(void **state) {
  avow_promise_t *p = start();
  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);

  uv_close((uv_handle_t *) &ours, NULL);
  turn();

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void data_fields_of_handle_and_loop_are_kept(void **state) {
  ours.data = name;
  loop->data = &there;

  assert_fulfills_none(start());

  assert_ptr_equal(ours.data, name);
  assert_ptr_equal(loop->data, &there);
}

static void connect_survives_failing_memory(void **state) {
  assert_survives_failing_memory(set_up, tear_down, state, start);
}

static void refusal_keeps_its_code_without_memory(void **state) {
  stop_listening();
  avow_promise_t *p = start();

  fail_allocation(1, true);

  assert_rejects(p, UV_ECONNREFUSED);
}

#define TCP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(connect_tcp) {
  const struct CMUnitTest tests[] = {
    TCP(connect_fulfills_with_none_when_connected),
    TCP(connected_streams_exchange_data),
#ifndef _WIN32
    TCP(write_waits_for_the_connection),
#endif
    TCP(connect_copies_the_address),
    TCP(connect_connects_over_ipv6),
    TCP(refusal_names_the_address),
    TCP(refusal_names_the_ipv6_address),
    TCP(refused_handle_closes_normally),
    TCP(connect_rejects_an_unknown_family),
    TCP(connect_rejects_without_an_address),
#ifndef _WIN32
    TCP(peer_reads_a_connection_reset),
#endif
    TCP(reset_rejects_a_pending_read_at_once),
    TCP(reset_is_refused_during_a_shutdown),
    TCP(reset_of_a_closing_handle_rejects),
#ifndef _WIN32
    TCP(connect_rejects_while_connecting),
#endif
    TCP(connect_rejects_on_a_closing_handle),
    TCP(read_rejects_without_a_connection),
    TCP(canceled_connect_still_connects),
    TCP(closing_the_handle_ends_a_canceled_connect),
    TCP(canceled_connect_ignores_a_refusal),
    TCP(connect_canceled_by_another_completion_rejects),
    TCP(cancel_after_the_connect_changes_nothing),
    TCP(connects_are_counted_while_in_flight),
    TCP(loop_close_rejects_a_connect_but_does_not_stop_it),
    TCP(closing_the_handle_after_the_loop_ends_a_connect),
    TCP(data_fields_of_handle_and_loop_are_kept),
    TCP(connect_survives_failing_memory),
    TCP(refusal_keeps_its_code_without_memory),
  };
  return RUN(tests);
}
