/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the simulated network: those of IPv4 as IPv6 maps them. All of
 * them are addresses of the one machine there is, but for the nets that are
 * kept for documentation: there is nobody.
 */
#ifndef AVOW_SIM_IP_H
#define AVOW_SIM_IP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

typedef struct {
  unsigned char ip[16];
  uint16_t port;  /* 0: none */
  int16_t family; /* AF_INET or AF_INET6; 0: no address */
} sim_address_t;

enum { SIM_ADDRESS_TEXT = 64 };

/* 0, or UV_EAFNOSUPPORT. */
int sim_address_read(const struct sockaddr *from, sim_address_t *out);

/* As getsockname() does: what has no room is cut, and len says how much there
   is. */
void sim_address_write(const sim_address_t *address, struct sockaddr *out,
                       int *len);

/* Without and with its port. */
void sim_address_print_ip(const sim_address_t *address,
                          char out[SIM_ADDRESS_TEXT]);
void sim_address_print(const sim_address_t *address,
                       char out[SIM_ADDRESS_TEXT]);

/* The nth of the addresses that names get; the 1st is the machine's own. */
sim_address_t sim_address_of_host(int family, uint32_t n);

/* The other way round; 0: it is none of those. */
uint32_t sim_address_host(const sim_address_t *address);

sim_address_t sim_address_any(int family);
sim_address_t sim_address_loopback(int family);
bool sim_address_is_any(const sim_address_t *address);
bool sim_address_is_loopback(const sim_address_t *address);
bool sim_address_is_nobody(const sim_address_t *address);
bool sim_address_same_ip(const sim_address_t *a, const sim_address_t *b);

#endif
