/* SPDX-License-Identifier: MIT */
/* Addresses as text and as numbers. */
#include <netinet/in.h>
#include <stdio.h>

#include "harness.h"

static uv_tcp_t tcp;
static uv_udp_t udp;

static void close_all(void) {
  if (tcp.loop != NULL)
    uv_close((uv_handle_t *) &tcp, NULL);
  if (udp.loop != NULL)
    uv_close((uv_handle_t *) &udp, NULL);
  run();
}

static int set_up(void **state) {
  tcp = (uv_tcp_t){ .loop = NULL };
  udp = (uv_udp_t){ .loop = NULL };
  return harness_setup(state);
}

static int tear_down(void **state) {
  close_all();
  return harness_teardown(state);
}

static void assert_address(avow_address_t address, const char *text, int port) {
  assert_string_equal(address.text, text);
  assert_int_equal(address.port, port);
}

static void address_has_a_text_and_a_port(void **state) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  (void) uv_ip4_addr("127.0.0.1", 80, &v4);  /* the text is an address */
  (void) uv_ip6_addr("fe80::1", 65535, &v6); /* the text is an address */

  assert_address(avow_address((const struct sockaddr *) &v4), "127.0.0.1:80",
                 80);
  assert_address(avow_address((const struct sockaddr *) &v6), "[fe80::1]:65535",
                 65535);
}

/* The text with a zone can be looked up again. */
static void link_local_address_has_its_zone(void **state) {
  static const char *const hosts[] = {
    "fe80::1", "fe80:1111:2222:3333:4444:5555:6666:7777"
  };
  char zone[UV_IF_NAMESIZE], host[64], text[64];
  size_t room = sizeof(zone);
  if (uv_if_indextoiid(1, zone, &room) != 0)
    skip(); /* the link does not exist */
  for (size_t i = 0; i < 2; i++) {
    (void) snprintf(host, sizeof(host), "%s%%%s", hosts[i], zone); /* fits */
    (void) snprintf(text, sizeof(text), "[%.54s]:65535", host);

    const avow_value_t v =
        avow_run(avow_getaddrinfo(loop, host, "65535", NULL));

    assert_address(avow_address(avow_to_addrinfo(&v)->ai_addr), text, 65535);
    avow_value_unref(v);
  }
}

static void assert_zone(const char *host, uint32_t scope, const char *text) {
  struct sockaddr_in6 v6;
  (void) uv_ip6_addr(host, 80, &v6); /* the text is an address */
  v6.sin6_scope_id = scope;
  assert_address(avow_address((const struct sockaddr *) &v6), text, 80);
}

static void link_local_group_has_its_zone(void **state) {
  char zone[UV_IF_NAMESIZE], text[64];
  size_t room = sizeof(zone);
  if (uv_if_indextoiid(1, zone, &room) != 0)
    skip(); /* the link does not exist */
  (void) snprintf(text, sizeof(text), "[ff02::1%%%s]:80", zone); /* fits */

  assert_zone("ff02::1", 1, text);
  assert_zone("ff12::1", 0, "[ff12::1]:80");
  assert_zone("ff05::1", 1, "[ff05::1]:80");
}

static void zone_of_a_missing_interface_is_its_number(void **state) {
  assert_zone("fe80::1", 0x7fffffff, "[fe80::1%2147483647]:80");
}

/* Only link-local addresses have a meaningful scope. */
static void global_address_has_no_zone(void **state) {
  struct sockaddr_in6 v6;
  (void) uv_ip6_addr("2001:db8::1", 80, &v6); /* the text is an address */
  v6.sin6_scope_id = 1;

  assert_address(avow_address((const struct sockaddr *) &v6),
                 "[2001:db8::1]:80", 80);
}

static void null_and_unix_addresses_have_no_text(void **state) {
  const struct sockaddr local = { .sa_family = AF_UNIX };

  assert_address(avow_address(NULL), "", 0);
  assert_address(avow_address(&local), "", 0);
}

/* Both ends of a connection report the same port. */
static void connection_ends_report_matching_addresses(void **state) {
  const avow_value_t server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  uv_stream_t *listener = avow_stream_handle(avow_to_stream(&server));
  avow_channel_t *arrivals = avow_connections(listener, NULL);
  const avow_address_t at = avow_local_address((const uv_handle_t *) listener);
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", at.port, &address); /* it is one */
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);

  assert_fulfills_none(
      avow_tcp_connect(&tcp, (const struct sockaddr *) &address));
  const avow_value_t theirs = avow_run(avow_channel_next(arrivals));

  const uv_handle_t *here = (const uv_handle_t *) &tcp;
  const uv_handle_t *there =
      (const uv_handle_t *) avow_stream_handle(avow_to_stream(&theirs));
  assert_true(at.port > 0);
  assert_address(avow_peer_address(here), at.text, at.port);
  assert_address(avow_local_address(there), at.text, at.port);
  assert_address(avow_peer_address(there), avow_local_address(here).text,
                 avow_local_address(here).port);
  avow_value_unref(theirs);
  avow_channel_unref(arrivals);
  avow_value_unref(server);
}

static void connected_udp_socket_has_addresses(void **state) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 9, &address); /* the text is an address */
  assert_int_equal(uv_udp_init(loop, &udp), 0);
  assert_int_equal(uv_udp_connect(&udp, (const struct sockaddr *) &address), 0);

  const uv_handle_t *handle = (const uv_handle_t *) &udp;
  assert_address(avow_peer_address(handle), "127.0.0.1:9", 9);
  assert_true(avow_local_address(handle).port > 0);
}

static void handle_that_is_not_bound_has_no_address(void **state) {
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);
  assert_int_equal(uv_udp_init(loop, &udp), 0);

  assert_address(avow_local_address((const uv_handle_t *) &tcp), "", 0);
  assert_address(avow_peer_address((const uv_handle_t *) &tcp), "", 0);
  assert_address(avow_local_address((const uv_handle_t *) &udp), "", 0);
  assert_address(avow_peer_address((const uv_handle_t *) &udp), "", 0);
}

static void socket_that_is_not_bound_has_no_address(void **state) {
  assert_int_equal(uv_tcp_init_ex(loop, &tcp, AF_INET), 0);
  assert_int_equal(uv_udp_init_ex(loop, &udp, AF_INET), 0);

  assert_address(avow_local_address((const uv_handle_t *) &tcp), "", 0);
  assert_address(avow_local_address((const uv_handle_t *) &udp), "", 0);
}

static void other_handles_have_no_address(void **state) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(loop, &timer), 0);

  assert_address(avow_local_address((const uv_handle_t *) &timer), "", 0);
  assert_address(avow_peer_address((const uv_handle_t *) &timer), "", 0);

  uv_close((uv_handle_t *) &timer, NULL);
  run();
}

#define ADDRESS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(address) {
  const struct CMUnitTest tests[] = {
    ADDRESS(address_has_a_text_and_a_port),
    ADDRESS(link_local_address_has_its_zone),
    ADDRESS(link_local_group_has_its_zone),
    ADDRESS(zone_of_a_missing_interface_is_its_number),
    ADDRESS(global_address_has_no_zone),
    ADDRESS(null_and_unix_addresses_have_no_text),
    ADDRESS(connection_ends_report_matching_addresses),
    ADDRESS(connected_udp_socket_has_addresses),
    ADDRESS(handle_that_is_not_bound_has_no_address),
    ADDRESS(socket_that_is_not_bound_has_no_address),
    ADDRESS(other_handles_have_no_address),
  };
  return RUN(tests);
}
