/* SPDX-License-Identifier: MIT */
/*
 * The hosts of the network: names, each with its own address. A name gets its
 * address when it is first looked up. All hosts are the one simulated machine,
 * but the network to each of them can be partitioned for a while.
 */
#ifndef AVOW_SIM_HOSTS_H
#define AVOW_SIM_HOSTS_H

#include "sim/ip.h"

typedef struct sim_host_s {
  struct sim_host_s *next;
  uint32_t n;        /* number in its address, from 2 */
  uint64_t whole_at; /* nothing passes to or from the host before */
  char name[];
} sim_host_t;

/* NULL if no such host can exist: by RFC 6761, no name under "invalid"
   exists. */
sim_host_t *sim_host_named(const char *name);

/* NULL if the address has no name. */
sim_host_t *sim_host_at(const sim_address_t *address);

/* The end of the partition between this machine and `host`, and creating one.
   NULL stands for all addresses without names. */
uint64_t sim_host_is_whole_at(const sim_host_t *host);
void sim_host_part(sim_host_t *host, uint64_t until);

void sim_hosts_begin(void);
void sim_hosts_end(void);

#endif
