/* SPDX-License-Identifier: MIT */
/* Datagrams of a socket as a channel. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

enum { MANY = 30 };

static uv_udp_t ours;
static int peer;
static struct sockaddr_in here, there; /* addresses of our socket and of the
                                          peer */
static avow_channel_t *channel;

static int open_with(void **state, unsigned flags) {
  int len = sizeof(here);
  socklen_t size = sizeof(there);
  channel = NULL;
  if (harness_setup(state) != 0)
    return -1;
  (void) uv_ip4_addr("127.0.0.1", 0, &here);
  there = here;
  (void) uv_udp_init_ex(loop, &ours, AF_INET | flags);
  (void) uv_udp_bind(&ours, (struct sockaddr *) &here, 0);
  peer = socket(AF_INET, SOCK_DGRAM, 0);
  (void) bind(peer, (struct sockaddr *) &there, size);
  (void) getsockname(peer, (struct sockaddr *) &there, &size);
  return uv_udp_getsockname(&ours, (struct sockaddr *) &here, &len);
}

static int set_up(void **state) {
  return open_with(state, 0);
}

static int set_up_many(void **state) {
  return open_with(state, UV_UDP_RECVMMSG);
}

static int tear_down(void **state) {
  avow_channel_unref(channel);
  (void) close(peer);
  if (!uv_is_closing((uv_handle_t *) &ours))
    uv_close((uv_handle_t *) &ours, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the socket is closed */
  return harness_teardown(state);
}

static void say_bytes(const char *data, size_t len) {
  assert_int_equal(sendto(peer, data, len, 0, (struct sockaddr *) &here,
                          sizeof(here)),
                   (ssize_t) len);
}

static void say(const char *text) {
  say_bytes(text, strlen(text));
}

static bool receives(void) {
  return uv_is_active((uv_handle_t *) &ours) != 0;
}

static avow_value_t next(void) {
  const avow_value_t v = avow_run(avow_channel_next(channel));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void assert_next(const char *text) {
  const avow_value_t v = next();
  const avow_datagram_t *datagram = avow_to_datagram(&v);
  assert_int_equal(datagram->len, strlen(text));
  assert_memory_equal(datagram->data, text, strlen(text));
  assert_int_equal(datagram->flags, 0);
  avow_value_unref(v);
}

static void datagram_has_the_address_of_its_sender(void **state) {
  channel = avow_datagrams(&ours, 2);
  say("hello");

  const avow_value_t v = next();

  struct sockaddr_in from;
  memcpy(&from, &avow_to_datagram(&v)->from, sizeof(from));
  assert_int_equal(from.sin_port, there.sin_port);
  assert_int_equal(from.sin_addr.s_addr, there.sin_addr.s_addr);
  avow_value_unref(v);
}

static void datagram_has_an_ipv6_sender_address(void **state) {
  uv_udp_t six;
  struct sockaddr_in6 address;
  int len = sizeof(address);
  (void) uv_ip6_addr("::1", 0, &address);
  assert_int_equal(uv_udp_init(loop, &six), 0);
  if (uv_udp_bind(&six, (struct sockaddr *) &address, 0) == 0) {
    (void) uv_udp_getsockname(&six, (struct sockaddr *) &address, &len);
    channel = avow_datagrams(&six, 1);
    assert_fulfills_int(avow_udp_send(&six, avow_string("hi"),
                                      (struct sockaddr *) &address),
                        2);
    const avow_value_t v = next();
    assert_memory_equal(
        &((const struct sockaddr_in6 *) &avow_to_datagram(&v)->from)->sin6_addr,
        &address.sin6_addr, sizeof(address.sin6_addr));
    avow_value_unref(v);
  }
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &six));
}

#ifdef __linux__

/* The sender's address is longer than an IP address. */
static void datagram_has_a_unix_sender_address(void **state) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  uv_udp_t local;
  int ends[2];
  (void) snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
                  "an address of avow's tests, in process %ld",
                  (long) getpid()); /* fits */
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
  assert_int_equal(bind(ends[1], (struct sockaddr *) &name, sizeof(name)), 0);
  assert_int_equal(uv_udp_init(loop, &local), 0);
  assert_int_equal(uv_udp_open(&local, ends[0]), 0);
  channel = avow_datagrams(&local, 1);
  assert_int_equal(send(ends[1], "hi", 2, 0), 2);

  const avow_value_t v = next();
  const struct sockaddr_storage from = avow_to_datagram(&v)->from;
  avow_value_unref(v);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &local));
  (void) close(ends[1]); /* no datagram is pending */

  assert_memory_equal(&from, &name, sizeof(name));
}

#else

static void datagram_has_a_unix_sender_address(void **state) {
  skip(); /* only Linux has names that are not files */
}

#endif

static void empty_datagrams_are_received(void **state) {
  channel = avow_datagrams(&ours, 2);
  say("");
  say("x");

  assert_next("");
  assert_next("x");
}

static void long_datagrams_are_received_whole(void **state) {
  static char data[65507];
  memset(data, 'x', sizeof(data));
  channel = avow_datagrams(&ours, 1);
  say_bytes(data, sizeof(data));

  const avow_value_t v = next();

  assert_int_equal(avow_to_datagram(&v)->len, sizeof(data));
  assert_memory_equal(avow_to_datagram(&v)->data, data, sizeof(data));
  avow_value_unref(v);
}

static void full_channel_stops_receiving(void **state) {
  channel = avow_datagrams(&ours, 2);
  for (int i = 0; i < MANY; i++)
    say(i % 2 == 0 ? "even" : "odd");
  avow_promise_t *alive = avow_sleep(loop, 60000);
  while (receives())                  /* until the channel is full */
    (void) uv_run(loop, UV_RUN_ONCE); /* the sleep keeps the loop alive */
  avow_cancel(alive);
  avow_unref(alive);

  for (int i = 0; i < MANY; i++)
    assert_next(i % 2 == 0 ? "even" : "odd");
}

static void socket_keeps_the_loop_alive_only_for_a_receiver(void **state) {
  channel = avow_datagrams(&ours, 2);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* ends, although datagrams may come */
  assert_false(uv_loop_alive(loop));

  avow_promise_t *p = avow_channel_next(channel);
  assert_true(uv_loop_alive(loop));

  avow_cancel(p);
  avow_unref(p);
  avow_channel_clear(&channel);
  assert_true(uv_has_ref((uv_handle_t *) &ours));
}

static void capacity_0_loses_no_datagrams(void **state) {
  channel = avow_datagrams(&ours, 0);
  assert_false(receives());
  for (int i = 0; i < MANY; i++)
    say(i % 2 == 0 ? "even" : "odd");

  for (int i = 0; i < MANY; i++)
    assert_next(i % 2 == 0 ? "even" : "odd");
}

static void receive_error_is_an_item(void **state) {
  const int other = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in nobody;
  socklen_t len = sizeof(nobody);
  (void) uv_ip4_addr("127.0.0.1", 0, &nobody);
  (void) bind(other, (struct sockaddr *) &nobody, len);
  (void) getsockname(other, (struct sockaddr *) &nobody, &len);
  (void) close(other);
  assert_int_equal(uv_udp_connect(&ours, (struct sockaddr *) &nobody), 0);
  channel = avow_datagrams(&ours, 2);
  assert_fulfills_int(avow_udp_send(&ours, avow_string("x"), NULL), 1);

  const avow_value_t v = avow_run(avow_channel_next(channel));
  assert_string_equal(avow_error_message(&v), "receive: connection refused");
  avow_value_unref(v);

  assert_int_equal(uv_udp_connect(&ours, NULL), 0);
  assert_int_equal(uv_udp_connect(&ours, (struct sockaddr *) &there), 0);
  int size = sizeof(here); /* the system may have chosen the port */
  (void) uv_udp_getsockname(&ours, (struct sockaddr *) &here, &size);
  say("later");
  assert_next("later");
}

static void closing_the_socket_ends_the_channel(void **state) {
  channel = avow_datagrams(&ours, 2);
  avow_promise_t *p = avow_channel_next(channel);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));

  assert_fulfills_none(p);
}

static void closing_the_channel_stops_receiving(void **state) {
  channel = avow_datagrams(&ours, 2);
  assert_true(receives());

  avow_channel_close(channel);

  assert_false(receives());
}

static void second_channel_of_a_socket_is_refused(void **state) {
  channel = avow_datagrams(&ours, 2);
  avow_channel_t *other = avow_datagrams(&ours, 2);

  assert_rejects(avow_channel_next(other), UV_EALREADY);

  avow_channel_unref(other);
  say("x");
  assert_next("x");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  static char memory[100];
  *buf = uv_buf_init(memory, sizeof(memory));
}

static bool received;

static void on_datagram(uv_udp_t *udp, ssize_t nread, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags) {
  received |= from != NULL;
}

static void receiving_by_the_program_continues(void **state) {
  assert_int_equal(uv_udp_recv_start(&ours, on_alloc, on_datagram), 0);
  channel = avow_datagrams(&ours, 2);

  assert_rejects(avow_channel_next(channel), UV_EALREADY);
  say("x");
  received = false;
  while (!received)
    (void) uv_run(loop, UV_RUN_ONCE); /* the socket keeps it alive */
}

static void receiving_on_a_closing_socket_fails(void **state) {
  uv_close((uv_handle_t *) &ours, NULL);
  channel = avow_datagrams(&ours, 2);

  assert_rejects(avow_channel_next(channel), UV_EINVAL);
}

static void loop_close_stops_receiving(void **state) {
  channel = avow_datagrams(&ours, 2);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_false(receives());
  avow_channel_unref(channel);
  channel = NULL;
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void read_a_number_as_a_datagram(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_datagram(&v));
}

static void other_values_are_not_datagrams(void **state) {
  assert_misuse(read_a_number_as_a_datagram,
                "not datagram; check its type first");
}

static bool fails_well(void **state, long nth, bool from_then_on) {
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(set_up(state), 0);
  fail_allocation(nth, from_then_on);
  say("x");
  channel = avow_datagrams(&ours, 1);
  const avow_value_t v = avow_run(avow_channel_next(channel));
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  assert_true(v.tag == AVOW_OBJECT ||
              (failed && avow_error_code(&v) == UV_ENOMEM));
  avow_value_unref(v);
  return failed;
}

static void datagrams_survive_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(state, nth, on != 0); nth++)
      assert_true(nth < 100);
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define AT_ONCE(f) \
  { #f " (recvmmsg)", f, set_up_many, tear_down, NULL }

SUITE(datagrams) {
  const struct CMUnitTest tests[] = {
    ONE(datagram_has_the_address_of_its_sender),
    ONE(datagram_has_an_ipv6_sender_address),
    ONE(datagram_has_a_unix_sender_address),
    ONE(empty_datagrams_are_received),
    ONE(socket_keeps_the_loop_alive_only_for_a_receiver),
    AT_ONCE(empty_datagrams_are_received),
    ONE(long_datagrams_are_received_whole),
    AT_ONCE(long_datagrams_are_received_whole),
    ONE(full_channel_stops_receiving),
    AT_ONCE(full_channel_stops_receiving),
    ONE(capacity_0_loses_no_datagrams),
    AT_ONCE(capacity_0_loses_no_datagrams),
    ONE(receive_error_is_an_item),
    ONE(closing_the_socket_ends_the_channel),
    ONE(closing_the_channel_stops_receiving),
    AT_ONCE(closing_the_channel_stops_receiving),
    ONE(second_channel_of_a_socket_is_refused),
    ONE(receiving_by_the_program_continues),
    ONE(receiving_on_a_closing_socket_fails),
    ONE(loop_close_stops_receiving),
    ONE(other_values_are_not_datagrams),
    ONE(datagrams_survive_failing_memory),
  };
  return RUN(tests);
}
