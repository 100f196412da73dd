/* SPDX-License-Identifier: MIT */
/* Binding by host name, and accepting. */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "acceptor.h"

/* "two.test" has two addresses: one that no machine has (RFC 5737), and the
   loopback address. Other names go to the system's functions. */

static struct sockaddr_in two[2];
static struct addrinfo list_of_two[2];

static struct addrinfo *make_list_of_two(void) {
  assert_int_equal(uv_ip4_addr("192.0.2.1", 0, &two[0]), 0);
  assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &two[1]), 0);
  for (size_t i = 0; i < 2; i++) {
    list_of_two[i].ai_family = AF_INET;
    list_of_two[i].ai_socktype = SOCK_STREAM;
    list_of_two[i].ai_addrlen = sizeof(two[i]);
    list_of_two[i].ai_addr = (struct sockaddr *) &two[i];
  }
  list_of_two[0].ai_next = &list_of_two[1];
  return list_of_two;
}

static void find_next(void *out, const char *name) {
  void *next = dlsym(RTLD_NEXT, name);
  memcpy(out, &next, sizeof(next));
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  int (*next)(const char *, const char *, const struct addrinfo *,
              struct addrinfo **);
  find_next(&next, "getaddrinfo");
  if (node == NULL || strcmp(node, "two.test") != 0)
    return next(node, service, hints, out);
  *out = make_list_of_two();
  return 0;
}

/* Simulates a system without IPv6. */
static bool has_no_six;

int socket(int family, int type, int protocol) {
  int (*next)(int, int, int);
  find_next(&next, "socket");
  if (has_no_six && family == AF_INET6) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  return next(family, type, protocol);
}

void freeaddrinfo(struct addrinfo *list) {
  void (*next)(struct addrinfo *);
  find_next(&next, "freeaddrinfo");
  if (list != list_of_two)
    next(list);
}

static void bind_names_the_address_in_use(void **state) {
  char message[80];
  (void) snprintf(message, sizeof(message),
                  "bind '127.0.0.1:%s': address already in use", server_port);

  assert_says(avow_bind(loop, "127.0.0.1", server_port), UV_EADDRINUSE,
              message);
}

static bool can_bind_six(void) {
  avow_value_t v = avow_run(avow_bind(loop, "::1", "0"));
  const bool can = !avow_is_error(&v);
  drop(&v);
  return can;
}

static void assert_connects(const char *host, const char *port) {
  avow_value_t v = avow_run(avow_connect(loop, host, port));
  assert_string_equal(avow_error_message(&v), "no error");
  drop(&v);
}

static void bind_without_host_binds_all_addresses(void **state) {
  char port[8];
  const bool has_six = can_bind_six();
  avow_value_t v = avow_run(avow_bind(loop, NULL, "0"));
  (void) snprintf(port, sizeof(port), "%d", port_of(&v)); /* fits */
  avow_channel_t *c = avow_connections(stream_of(&v), NULL);

  assert_connects("127.0.0.1", port);
  if (has_six)
    assert_connects("::1", port);

  avow_channel_unref(c);
  drop(&v);
}

static void bind_without_host_rejects_a_used_port(void **state) {
  const avow_value_t v = avow_run(avow_bind(loop, NULL, server_port));

  assert_int_equal(avow_error_code(&v), UV_EADDRINUSE);
  avow_value_unref(v);
}

/* The port is free for IPv4 only. */
static void bind_rejects_a_port_used_in_one_family(void **state) {
  char port[8];
  avow_value_t six = avow_run(avow_bind(loop, "::1", "0"));
  if (avow_is_error(&six))
    skip();
  (void) snprintf(port, sizeof(port), "%d", port_of(&six)); /* fits */
  avow_channel_t *c = avow_connections(stream_of(&six), NULL);

  assert_rejects(avow_bind(loop, NULL, port), UV_EADDRINUSE);

  avow_channel_unref(c);
  drop(&six);
}

static void bind_uses_ipv4_without_ipv6(void **state) {
  has_no_six = true;
  avow_value_t v = avow_run(avow_bind(loop, NULL, "0"));
  has_no_six = false;
  assert_string_equal(avow_error_message(&v), "no error");
  const avow_address_t at = avow_local_address(handle_of(&v));

  assert_int_equal(strncmp(at.text, "0.0.0.0:", 8), 0);
  drop(&v);
}

static void bind_uses_the_first_available_address(void **state) {
  avow_value_t v = avow_run(avow_bind(loop, "two.test", "0"));

  assert_string_equal(avow_error_message(&v), "no error");
  assert_true(port_of(&v) > 0);
  drop(&v);
}

static void bind_rejects_without_a_service(void **state) {
  assert_says(avow_bind(loop, "127.0.0.1", NULL), UV_EINVAL,
              "bind '127.0.0.1': invalid argument");
}

static void accept_returns_none_without_connections(void **state) {
  assert_int_equal(avow_accept(stream_of(&server)).tag, AVOW_NONE);
}

static void accept_fails_on_a_closing_handle(void **state) {
  avow_unref(avow_close_handle(handle_of(&server)));

  const avow_value_t v = avow_accept(stream_of(&server));

  assert_string_equal(avow_error_message(&v), "accept: invalid argument");
  avow_value_unref(v);
}

#define NET(f) \
  cmocka_unit_test_setup_teardown(f, acceptor_setup, acceptor_teardown)

SUITE(bind) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    NET(bind_names_the_address_in_use),
    NET(bind_without_host_binds_all_addresses),
    NET(bind_without_host_rejects_a_used_port),
    NET(bind_rejects_a_port_used_in_one_family),
    NET(bind_uses_ipv4_without_ipv6),
    NET(bind_uses_the_first_available_address),
    NET(bind_rejects_without_a_service),
    NET(accept_returns_none_without_connections),
    NET(accept_fails_on_a_closing_handle),
  };
  return RUN(tests);
}
