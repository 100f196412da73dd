/* SPDX-License-Identifier: MIT */
/*
 * Names of hosts and services. Each name gets its own address when it is first
 * looked up. "localhost" and the names below it mean the loopback address. No
 * name under "invalid" exists.
 */
#ifndef AVOW_SIM_RESOLVER_H
#define AVOW_SIM_RESOLVER_H

#include "sim/ip.h"

enum { SIM_ADDRESSES = 2 }; /* the most that a name has */

typedef struct {
  const char *node;    /* NULL: this host */
  const char *service; /* NULL: none */
  struct addrinfo hints;
} sim_query_t;

/* Returns the number of addresses, or UV_EAI_*. The preferred one comes
   first. */
int sim_resolver_addresses(const sim_query_t *query,
                           sim_address_t out[SIM_ADDRESSES]);

/* The number of a port, or UV_EAI_*. */
int sim_resolver_port(const sim_query_t *query);

/* The name of a port, or NULL. */
const char *sim_resolver_service(uint16_t port);

/* The name of an address, or NULL. */
const char *sim_resolver_of(const sim_address_t *address);

#endif
