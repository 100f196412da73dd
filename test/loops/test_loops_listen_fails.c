/* SPDX-License-Identifier: MIT */
/*
 * A server on loops on threads of their own, without memory or descriptors, and
 * its refusals.
 */
#include "uv/stream_value.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loops_server.h"

static void connection_without_memory_waits(void **state) {
  if (shared)
    skip_because(shares); /* no event shows when the other loop has tried */
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t end = connected(); /* from now on, only the server allocates */
  wait_for(&begun, 1);
  const int fd = connect_by_hand();

  fail_allocation(1, false);
  (void) uv_run(loop, UV_RUN_ONCE);
  assert_true(allocation_failed());
  fail_allocation(0, false);

  wait_for(&begun, 2);
  (void) close(fd);
  assert_echoes(&end);
  avow_value_unref(end);
  stop_server(p);
}

static void closing_without_memory_cancels_connections(void **state) {
  if (!shared)
    skip_because("loops do not share a port here");
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  fail_allocation(1, true);
  avow_unref(close_server());
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  avow_value_unref(end);
}

static void leave_descriptors(int n, struct rlimit *old) {
  const int next = dup(0);
  (void) close(next);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, old), 0);
  const struct rlimit tight = { .rlim_cur = (rlim_t) (next + n),
                                .rlim_max = old->rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

static void connection_without_descriptors_is_closed(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 0);
  struct rlimit old;
  char byte;
  const int fd = connect_by_hand();

  leave_descriptors(1, &old); /* for the connection, but not for its copy */
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  (void) setrlimit(RLIMIT_NOFILE, &old);

  assert_true(read(fd, &byte, 1) <= 0);
  assert_int_equal(begun, 0);
  (void) close(fd);
  const avow_value_t end = connected();
  assert_echoes(&end);
  avow_value_unref(end);
  stop_server(p);
}

/* No descriptors are left for the sockets of the loops. */
static void loops_without_sockets_still_get_connections(void **state) {
  if (!shared)
    skip_because("loops do not share a port here");
  struct rlimit old;
  leave_descriptors(2, &old);
  avow_promise_t *p = listen_with(echo, 0);
  (void) setrlimit(RLIMIT_NOFILE, &old);
  avow_value_t ends[LOOPS];
  for (int i = 0; i < LOOPS; i++)
    ends[i] = connected();
  wait_for(&begun, LOOPS);

  assert_int_equal(loops_seen(), LOOPS);

  for (int i = 0; i < LOOPS; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void ipv6_connections_are_served(void **state) {
  avow_value_unref(server);
  server = avow_run(avow_bind(loop, "::1", "0"));
  if (avow_is_error(&server))
    skip_because("no IPv6 here");
  struct sockaddr_in6 at;
  int len = sizeof(at);
  assert_int_equal(uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                          avow_to_stream(&server)),
                                      (struct sockaddr *) &at, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d", ntohs(at.sin6_port)); /* fits */
  avow_promise_t *p = listen_with(echo, 0);

  const avow_value_t end = avow_run(avow_connect(loop, "::1", port));
  assert_echoes(&end);

  avow_value_unref(end);
  stop_server(p);
}

/* The connection's own descriptor is valid. */
static void invalid_descriptor_is_refused(void **state) {
  const avow_value_t v = avow__owned_open(loop, UV_TCP, -1);

  assert_int_equal(avow_error_code(&v), UV_EBADF);
  avow_value_unref(v);
}

/* An address can be bound twice until a socket listens. */
static void address_in_use_is_refused(void **state) {
  const avow_value_t second = avow_run(avow_bind(loop, "127.0.0.1", port));
  avow_promise_t *p = listen_with(echo, 0);

  const avow_value_t v =
      avow_is_error(&second)
          ? second
          : avow_run(avow_loops_listen(loops, second, echo, NULL, NULL));

  assert_int_equal(avow_error_code(&v), UV_EADDRINUSE);
  avow_value_unref(v);
  stop_server(p);
}

static void serve_a_number(void) {
  avow_unref(avow_loops_listen(loops, avow_int(1), echo, NULL, NULL));
}

static void serving_another_type_is_misuse(void **state) {
  assert_misuse(serve_a_number, "not stream; check its type first");
}

static void listen_refuses_nonzero_reserved_fields(void **state) {
  const avow_loops_listen_options_t newer = { .reserved[0] = 1 };
  const avow_value_t other = avow_run(avow_bind(loop, "127.0.0.1", "0"));

  assert_says(avow_loops_listen(loops, other, echo, NULL, &newer), UV_EINVAL,
              "loops listen: "
              "invalid argument: a reserved field is not zero");
}

static void listen_refuses_invalid_calls(void **state) {
  avow_loops_t *none = avow_loops_new(SIZE_MAX);
  avow_promise_t *p = listen_with(echo, 0);

  assert_rejects(listen_with(NULL, 0), UV_EINVAL);
  assert_rejects(listen_with(echo, 0), UV_EALREADY);
  assert_rejects(avow_loops_listen(none, avow_value_ref(&server), echo, NULL,
                                   NULL),
                 UV_ENOMEM);

  assert_fulfills_none(avow_loops_close(none, loop));
  stop_server(p);
  assert_rejects(listen_with(echo, 0), UV_EINVAL); /* the server is closed */
}

SUITE(loops_listen_fails) {
  (void) signal(SIGPIPE, SIG_IGN);
  loops_server_init();
  const struct CMUnitTest tests[] = {
    LISTEN_CASE(connection_without_memory_waits),
    LISTEN_CASE(closing_without_memory_cancels_connections),
    LISTEN_CASE(connection_without_descriptors_is_closed),
    LISTEN_CASE(loops_without_sockets_still_get_connections),
    LISTEN_CASE(ipv6_connections_are_served),
    LISTEN_CASE(invalid_descriptor_is_refused),
    LISTEN_CASE(address_in_use_is_refused),
    LISTEN_CASE(serving_another_type_is_misuse),
    LISTEN_CASE(listen_refuses_nonzero_reserved_fields),
    LISTEN_CASE(listen_refuses_invalid_calls),
  };
  return RUN(tests);
}
