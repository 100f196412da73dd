/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the simulated network. IPv4 addresses are stored as IPv4-mapped
 * IPv6 addresses. All addresses belong to the one simulated machine, except the
 * networks reserved for documentation, where no host answers.
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

/* Returns 0 or UV_EAFNOSUPPORT. */
int sim_address_read(const struct sockaddr *from, sim_address_t *out);

/* As getsockname() does: the address is truncated to the buffer, and `*len`
   receives its full length. */
void sim_address_write(const sim_address_t *address, struct sockaddr *out,
                       int *len);

/* The text without and with the port. */
void sim_address_print_ip(const sim_address_t *address,
                          char out[SIM_ADDRESS_TEXT]);
void sim_address_print(const sim_address_t *address,
                       char out[SIM_ADDRESS_TEXT]);

/* The nth address for host names. The first one belongs to the machine
   itself. */
sim_address_t sim_address_of_host(int family, uint32_t n);

/* The inverse of sim_address_of_host(); 0 for any other address. */
uint32_t sim_address_host(const sim_address_t *address);

sim_address_t sim_address_any(int family);
sim_address_t sim_address_loopback(int family);
bool sim_address_is_any(const sim_address_t *address);
bool sim_address_is_loopback(const sim_address_t *address);
bool sim_address_is_nobody(const sim_address_t *address);
bool sim_address_same_ip(const sim_address_t *a, const sim_address_t *b);

#endif
