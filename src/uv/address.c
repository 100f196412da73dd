/* SPDX-License-Identifier: MIT */
/* Addresses as text for messages and programs. */
#include "uv/address.h"
#include "base/misuse.h"

#include <stdio.h>
#include <string.h>

#include "uv/stream.h"

_Static_assert(sizeof(avow_address_t) == 68, "ABI");

static int port_of(const struct sockaddr *address) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  if (address->sa_family == AF_INET6) {
    memcpy(&v6, address, sizeof(v6));
    return ntohs(v6.sin6_port);
  }
  memcpy(&v4, address, sizeof(v4));
  return ntohs(v4.sin_port);
}

/* Space for any address and the name of an interface; AVOW__ADDRESS_MAX also
   has space for the port. */
enum { HOST_MAX = 40 + UV_IF_NAMESIZE };

/* Whether the address is link-local: fe80::/10, or the link-local groups
   ff02::/16. */
static bool is_of_link(const struct sockaddr_in6 *v6) {
  const unsigned char *bytes = v6->sin6_addr.s6_addr;
  return (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
         (bytes[0] == 0xff && (bytes[1] & 0x0f) == 0x02);
}

/* A link-local address without its zone is ambiguous: a program could not
   connect to it. An interface that no longer exists has only a number. */
static void add_zone(const struct sockaddr *address, char host[HOST_MAX]) {
  struct sockaddr_in6 v6;
  memcpy(&v6, address, sizeof(v6));
  if (!is_of_link(&v6) || v6.sin6_scope_id == 0)
    return;
  const size_t len = strlen(host);
  size_t room = HOST_MAX - len - 1;
  host[len] = '%';
  if (uv_if_indextoiid(v6.sin6_scope_id, host + len + 1, &room) != 0)
    (void) snprintf(host + len + 1, HOST_MAX - len - 1, "%u",
                    (unsigned) v6.sin6_scope_id); /* always fits */
}

static void print_host(const struct sockaddr *address, char host[HOST_MAX],
                       char out[AVOW__ADDRESS_MAX]) {
  const bool six = address->sa_family == AF_INET6;
  if (six)
    add_zone(address, host);
  (void) snprintf(out, AVOW__ADDRESS_MAX, six ? "[%s]:%d" : "%s:%d", host,
                  port_of(address)); /* always fits */
}

void avow__address_print(const struct sockaddr *address,
                         char out[AVOW__ADDRESS_MAX]) {
  char host[HOST_MAX] = "";
  if (address == NULL)
    (void) snprintf(out, AVOW__ADDRESS_MAX, "NULL"); /* always fits */
  else if (uv_ip_name(address, host, sizeof(host)) != 0)
    (void) snprintf(out, AVOW__ADDRESS_MAX, "?:0"); /* always fits */
  else
    print_host(address, host, out);
}

avow_address_t avow_address(const struct sockaddr *address) {
  avow_address_t v = { .port = 0 };
  if (address == NULL ||
      (address->sa_family != AF_INET && address->sa_family != AF_INET6))
    return v;
  avow__address_print(address, v.text);
  v.port = port_of(address);
  return v;
}

static int local(const uv_handle_t *handle, struct sockaddr *out, int *len) {
  if (handle->type == UV_TCP)
    return uv_tcp_getsockname((const uv_tcp_t *) handle, out, len);
  if (handle->type == UV_UDP)
    return uv_udp_getsockname((const uv_udp_t *) handle, out, len);
  return UV_ENOTSUP;
}

static int peer(const uv_handle_t *handle, struct sockaddr *out, int *len) {
  if (handle->type == UV_TCP)
    return uv_tcp_getpeername((const uv_tcp_t *) handle, out, len);
  if (handle->type == UV_UDP)
    return uv_udp_getpeername((const uv_udp_t *) handle, out, len);
  return UV_ENOTSUP;
}

static avow_address_t address_ask(const uv_handle_t *handle,
                                  int (*fn)(const uv_handle_t *,
                                            struct sockaddr *, int *),
                                  const char *called) {
  if (handle == NULL) {
    avow__misuse_of_no_handle_in(called);
    return avow_address(NULL);
  }
  struct sockaddr_storage storage;
  struct sockaddr *address = (struct sockaddr *) &storage;
  int len = sizeof(storage);
  return avow_address(fn(handle, address, &len) == 0 ? address : NULL);
}

/* A socket that is not bound has no port. */
avow_address_t avow_local_address(const uv_handle_t *handle) {
  const avow_address_t v = address_ask(handle, local, AVOW__CALLED);
  return v.port != 0 ? v : avow_address(NULL);
}

avow_address_t avow_peer_address(const uv_handle_t *handle) {
  return address_ask(handle, peer, AVOW__CALLED);
}
