/* SPDX-License-Identifier: MIT */
/* Connections of a listening stream as a channel. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#  include <netinet/tcp.h>
#endif

#include "harness.h"

enum { MANY = 20 };

static avow_value_t server;
static avow_channel_t *channel;
static struct sockaddr_in address;
static char port[8];

static uv_tcp_t *tcp_of(const avow_value_t *v) {
  return (uv_tcp_t *) avow_stream_handle(avow_to_stream(v));
}

static void drop(avow_value_t *v) {
  const avow_value_t gone = *v;
  *v = avow_none();
  avow_value_unref(gone);
}

static int set_up_capacity(void **state, size_t room) {
  int len = sizeof(address);
  if (harness_setup(state) != 0)
    return -1;
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  if (uv_tcp_getsockname(tcp_of(&server), (struct sockaddr *) &address, &len) !=
      0)
    return -1;
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  const avow_connections_options_t options = { .capacity = room };
  channel =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), &options);
  return 0;
}

static int set_up(void **state) {
  return set_up_capacity(state, 2);
}

static int set_up_direct(void **state) {
  return set_up_capacity(state, 0);
}

static int tear_down(void **state) {
  avow_channel_unref(channel);
  drop(&server);
  run();
  return harness_teardown(state);
}

static avow_value_t connected(void) {
  const avow_value_t v = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void turn(void) {
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the server keeps it alive */
}

static int open_streams;

static void count_cb(uv_handle_t *handle, void *arg) {
  open_streams += handle->type == UV_TCP;
}

static int streams(void) {
  open_streams = 0;
  uv_walk(loop, count_cb, NULL);
  return open_streams;
}

static void wait_for_streams(int n) {
  while (streams() < n)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps it alive */
}

static avow_value_t next(void) {
  const avow_value_t v = avow_run(avow_channel_next(channel));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void connections_are_received_in_order(void **state) {
  avow_value_t ends[MANY];
  for (int i = 0; i < MANY; i++)
    ends[i] = connected();

  for (int i = 0; i < MANY; i++) {
    avow_value_t v = next();
    struct sockaddr_in there, here;
    int size = sizeof(there), len = sizeof(here);
    assert_int_equal(uv_tcp_getpeername(tcp_of(&v), (struct sockaddr *) &there,
                                        &size),
                     0);
    assert_int_equal(uv_tcp_getsockname(tcp_of(&ends[i]),
                                        (struct sockaddr *) &here, &len),
                     0);
    assert_int_equal(there.sin_port, here.sin_port);
    drop(&v);
    drop(&ends[i]);
  }
}

static void waiting_receiver_gets_the_connection(void **state) {
  avow_promise_t *p = avow_channel_next(channel);
  avow_value_t end = connected();

  avow_value_t v = avow_run(p);

  assert_fulfills_int(avow_write(avow_to_stream(&v), avow_string("hi")), 2);
  drop(&v);
  drop(&end);
}

static void full_channel_accepts_no_connection(void **state) {
  avow_value_t ends[MANY];
  for (int i = 0; i < MANY; i++)
    ends[i] = connected();
  wait_for_streams(1 + MANY + 2);
  turn();

  assert_int_equal(streams(), 1 + MANY + 2);

  for (int i = 0; i < MANY; i++)
    drop(&ends[i]);
}

static void capacity_0_accepts_only_for_a_receiver(void **state) {
  avow_value_t end = connected();
  turn();
  assert_int_equal(streams(), 2);

  avow_value_t v = next();

  drop(&v);
  drop(&end);
}

static void closing_the_server_ends_the_channel(void **state) {
  avow_promise_t *p = avow_channel_next(channel);

  assert_fulfills_none(avow_close(avow_to_stream(&server)));

  assert_fulfills_none(p);
  assert_fulfills_none(avow_channel_next(channel));
}

static void releasing_the_server_ends_the_channel(void **state) {
  avow_promise_t *p = avow_channel_next(channel);

  drop(&server);

  assert_fulfills_none(p);
}

static void buffered_connections_close_with_the_channel(void **state) {
  avow_value_t end = connected();
  wait_for_streams(3);

  avow_channel_close(channel);

  assert_fulfills_none(avow_read(avow_to_stream(&end), 100));
  drop(&end);
}

static void later_connection_waits_for_the_next_channel(void **state) {
  avow_channel_unref(channel);
  avow_value_t end = connected();
  turn();
  assert_int_equal(streams(), 2);

  channel = avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);

  avow_value_t v = next();
  drop(&v);
  drop(&end);
}

/* A connection that is accepted without memory has no handle. */
static void connect_without_memory(int client) {
  fail_allocation(1, true);
  assert_int_equal(connect(client, (struct sockaddr *) &address,
                           sizeof(address)),
                   0);
  while (!allocation_failed())
    turn();
  fail_allocation(0, false);
}

static int new_client(void) {
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(client >= 0);
  return client;
}

static void connection_without_memory_is_accepted_later(void **state) {
  const int client = new_client();
  connect_without_memory(client);

  assert_rejects(avow_channel_next(channel), UV_ENOMEM);

  avow_value_t v = next();
  drop(&v);
  (void) close(client);
}

static void connection_without_memory_fails_all_receivers(void **state) {
  const int client = new_client();
  avow_promise_t *ps[] = { avow_channel_next(channel),
                           avow_channel_next(channel) };
  connect_without_memory(client);

  assert_rejects(ps[0], UV_ENOMEM);
  assert_rejects(ps[1], UV_ENOMEM);
  avow_value_t v = next();
  drop(&v);
  (void) close(client);
}

static avow_value_t greet(const avow_value_t *stream, void *data) {
  return avow_follow(avow_write(avow_to_stream(stream), avow_string("hi")));
}

static avow_promise_t *greet_each(void) {
  const avow_map_options_t options = { .kind = AVOW_ALL_SETTLED };
  return avow_each(channel, greet, NULL, &options);
}

static void assert_is_greeted(int client) {
  char text[8] = "";
  assert_int_equal(read(client, text, sizeof(text) - 1), 2);
  assert_string_equal(text, "hi");
  (void) close(client);
}

/* Makes the system refuse further descriptors. */
static void use_up_files(struct rlimit *before) {
  const int unused = dup(0);
  (void) close(unused);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
  const struct rlimit limit = { .rlim_cur = (rlim_t) unused,
                                .rlim_max = before->rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void connect_to(int client) {
  assert_int_equal(connect(client, (struct sockaddr *) &address,
                           sizeof(address)),
                   0);
  turn();
}

static void server_continues_after_running_out_of_files(void **state) {
  struct rlimit before;
  char none;
  const int early = new_client(), late = new_client();
  avow_promise_t *p = greet_each();

  use_up_files(&before);
  connect_to(early);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_true(read(early, &none, 1) <= 0); /* libuv has closed it */
  connect_to(late);

  assert_is_greeted(late);
  (void) close(early);
  drop(&server);
  assert_fulfills_none(p);
}

/* Only the handle's allocation fails, because its waiters need memory too. */
static void server_continues_after_running_out_of_memory(void **state) {
  const int client = new_client();
  avow_promise_t *p = greet_each();
  turn();

  fail_allocation(1, false);
  connect_to(client);
  assert_true(allocation_failed());

  assert_is_greeted(client);
  drop(&server);
  assert_fulfills_none(p);
}

static void server_keeps_the_loop_alive_only_for_a_receiver(void **state) {
  run(); /* ends, although the server listens */
  assert_false(uv_loop_alive(loop));

  avow_promise_t *p = avow_channel_next(channel);
  assert_true(uv_loop_alive(loop));

  avow_cancel(p);
  avow_unref(p);
  run();
  assert_false(uv_loop_alive(loop));
}

static void second_channel_of_a_server_is_refused(void **state) {
  avow_channel_t *other =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);

  assert_rejects(avow_channel_next(other), UV_EALREADY);

  avow_channel_unref(other);
}

static void listening_on_a_closing_stream_fails(void **state) {
  avow_unref(avow_close(avow_to_stream(&server)));
  avow_channel_t *other =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);

  const avow_value_t v = avow_run(avow_channel_next(other));

  assert_string_equal(avow_error_message(&v), "listen: invalid argument");
  avow_value_unref(v);
  avow_channel_unref(other);
}

static void listening_on_a_connection_fails(void **state) {
  avow_value_t end = connected();
  avow_channel_t *other =
      avow_connections(avow_stream_handle(avow_to_stream(&end)), NULL);

  avow_value_t v = avow_run(avow_channel_next(other));

  assert_true(avow_is_error(&v));
  drop(&v);
  avow_channel_unref(other);
  drop(&end);
}

static void nonzero_reserved_fields_are_refused(void **state) {
  const avow_connections_options_t newer = { .reserved[0] = 1 };
  avow_channel_t *other =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), &newer);

  assert_says(avow_channel_next(other), UV_EINVAL,
              "listen: invalid argument: a reserved field is not zero");

  avow_channel_unref(other);
}

static void loop_close_ends_the_channel(void **state) {
  avow_value_t end = connected();
  turn();
  avow_promise_t *p = avow_channel_next(channel);

  assert_int_equal(avow_loop_close(loop), 0);

  avow_unref(p);
  drop(&end);
  avow_channel_unref(channel);
  channel = NULL;
  drop(&server);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

#define LISTEN(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define HAND(f)   cmocka_unit_test_setup_teardown(f, set_up_direct, tear_down)

#ifdef __linux__

/* Returns the backlog that the system uses. */
static unsigned backlog_of(const avow_value_t *v) {
  uv_os_fd_t fd;
  struct tcp_info info;
  socklen_t len = sizeof(info);
  assert_int_equal(uv_fileno((uv_handle_t *) tcp_of(v), &fd), 0);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
      len < offsetof(struct tcp_info, tcpi_retrans))
    skip_because("the system does not report backlogs");
  return info.tcpi_sacked; /* the backlog, while the socket listens */
}

static void backlog_option_is_applied(void **state) {
  const avow_connections_options_t options = { .backlog = 5 };
  avow_channel_unref(channel);
  channel =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), &options);

  assert_int_equal(backlog_of(&server), 5);
}

#endif

SUITE(listen) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    LISTEN(connections_are_received_in_order),
    LISTEN(waiting_receiver_gets_the_connection),
    LISTEN(full_channel_accepts_no_connection),
    HAND(capacity_0_accepts_only_for_a_receiver),
    LISTEN(closing_the_server_ends_the_channel),
    LISTEN(releasing_the_server_ends_the_channel),
    LISTEN(buffered_connections_close_with_the_channel),
    LISTEN(later_connection_waits_for_the_next_channel),
    LISTEN(connection_without_memory_is_accepted_later),
    LISTEN(connection_without_memory_fails_all_receivers),
    LISTEN(server_continues_after_running_out_of_memory),
    LISTEN(server_continues_after_running_out_of_files),
    LISTEN(server_keeps_the_loop_alive_only_for_a_receiver),
    LISTEN(second_channel_of_a_server_is_refused),
    LISTEN(listening_on_a_closing_stream_fails),
    LISTEN(listening_on_a_connection_fails),
    LISTEN(nonzero_reserved_fields_are_refused),
    LISTEN(loop_close_ends_the_channel),
#ifdef __linux__
    LISTEN(backlog_option_is_applied),
#endif
  };
  return RUN(tests);
}
