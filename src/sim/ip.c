/* SPDX-License-Identifier: MIT */
#include "sim/ip.h"

#include <stdio.h>
#include <string.h>

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool starts_with(const sim_address_t *address, const char *bytes,
                        size_t len) {
  return memcmp(address->ip, bytes, len) == 0;
}

static bool starts_v4(const sim_address_t *address, const char *bytes,
                      size_t len) {
  return address->family == AF_INET &&
         memcmp(address->ip + sizeof(mapped), bytes, len) == 0;
}

static sim_address_t from_v4(const void *ip, uint16_t port) {
  sim_address_t v = { .port = ntohs(port), .family = AF_INET };
  memcpy(v.ip, mapped, sizeof(mapped));
  memcpy(v.ip + sizeof(mapped), ip, 4);
  return v;
}

static sim_address_t from_v6(const void *ip, uint16_t port) {
  sim_address_t v = { .port = ntohs(port), .family = AF_INET6 };
  memcpy(v.ip, ip, sizeof(v.ip));
  return v;
}

int sim_address_read(const struct sockaddr *from, sim_address_t *out) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  if (from->sa_family == AF_INET) {
    memcpy(&v4, from, sizeof(v4));
    *out = from_v4(&v4.sin_addr, v4.sin_port);
    return 0;
  }
  if (from->sa_family != AF_INET6)
    return UV_EAFNOSUPPORT;
  memcpy(&v6, from, sizeof(v6));
  *out = from_v6(&v6.sin6_addr, v6.sin6_port);
  return 0;
}

static void copy_cut(const void *from, size_t size, struct sockaddr *out,
                     int *len) {
  memcpy(out, from, (size_t) *len < size ? (size_t) *len : size);
  *len = (int) size;
}

void sim_address_write(const sim_address_t *address, struct sockaddr *out,
                       int *len) {
  struct sockaddr_in v4 = { .sin_family = AF_INET,
                            .sin_port = htons(address->port) };
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                             .sin6_port = htons(address->port) };
  memcpy(&v4.sin_addr, address->ip + sizeof(mapped), 4);
  memcpy(&v6.sin6_addr, address->ip, sizeof(address->ip));
  if (address->family == AF_INET)
    copy_cut(&v4, sizeof(v4), out, len);
  else
    copy_cut(&v6, sizeof(v6), out, len);
}

void sim_address_print_ip(const sim_address_t *address,
                          char out[SIM_ADDRESS_TEXT]) {
  const bool v4 = address->family == AF_INET;
  const void *from = address->ip + (v4 ? sizeof(mapped) : 0);
  (void) uv_inet_ntop(v4 ? AF_INET : AF_INET6, from, out,
                      SIM_ADDRESS_TEXT); /* always fits */
}

void sim_address_print(const sim_address_t *address,
                       char out[SIM_ADDRESS_TEXT]) {
  char ip[SIM_ADDRESS_TEXT];
  sim_address_print_ip(address, ip);
  const char *format = address->family == AF_INET ? "%.45s:%d" : "[%.45s]:%d";
  /* The text always fits. */
  (void) snprintf(out, SIM_ADDRESS_TEXT, format, ip, address->port);
}

sim_address_t sim_address_any(int family) {
  static const unsigned char none[16] = { 0 };
  return family == AF_INET ? from_v4(none, 0) : from_v6(none, 0);
}

sim_address_t sim_address_loopback(int family) {
  static const unsigned char v4[4] = { 127, 0, 0, 1 };
  static const unsigned char v6[16] = { [15] = 1 };
  return family == AF_INET ? from_v4(v4, 0) : from_v6(v6, 0);
}

/* 10.0.0.0/8 and fd00::/104 */
sim_address_t sim_address_of_host(int family, uint32_t n) {
  const unsigned char low[3] = { (unsigned char) (n >> 16),
                                 (unsigned char) (n >> 8), (unsigned char) n };
  sim_address_t v = sim_address_any(family);
  v.ip[family == AF_INET ? sizeof(mapped) : 0] = family == AF_INET ? 10 : 0xfd;
  memcpy(v.ip + 13, low, sizeof(low));
  return v;
}

uint32_t sim_address_host(const sim_address_t *address) {
  const unsigned char *low = address->ip + 13;
  const uint32_t n = (uint32_t) low[0] << 16 | (uint32_t) low[1] << 8 | low[2];
  const sim_address_t same = sim_address_of_host(address->family, n);
  return sim_address_same_ip(&same, address) ? n : 0;
}

bool sim_address_is_any(const sim_address_t *address) {
  const sim_address_t any = sim_address_any(address->family);
  return sim_address_same_ip(&any, address);
}

bool sim_address_is_loopback(const sim_address_t *address) {
  const sim_address_t loopback = sim_address_loopback(AF_INET6);
  return starts_v4(address, "\x7f", 1) ||
         sim_address_same_ip(&loopback, address);
}

bool sim_address_is_nobody(const sim_address_t *address) {
  return starts_v4(address, "\xc0\x00\x02", 3) ||
         starts_v4(address, "\xc6\x33\x64", 3) ||
         starts_v4(address, "\xcb\x00\x71", 3) ||
         (address->family == AF_INET6 &&
          starts_with(address, "\x20\x01\x0d\xb8", 4));
}

bool sim_address_same_ip(const sim_address_t *a, const sim_address_t *b) {
  return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}
