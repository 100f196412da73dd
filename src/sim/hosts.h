/* SPDX-License-Identifier: MIT */
/*
 * The hosts of the network: names, each with an address of its own, which it
 * gets when it is looked up first. All are the one machine there is; but the
 * net to each can be parted for a while.
 */
#ifndef AVOW_SIM_HOSTS_H
#define AVOW_SIM_HOSTS_H

#include "sim/ip.h"

typedef struct sim_host_s {
  struct sim_host_s *next;
  uint32_t n;        /* of its address, from 2 on */
  uint64_t whole_at; /* nothing arrives to or from there before */
  char name[];
} sim_host_t;

/* NULL if there can be none: under "invalid" nothing exists, by RFC 6761. */
sim_host_t *sim_host_named(const char *name);

/* NULL: the address has no name. */
sim_host_t *sim_host_at(const sim_address_t *address);

/* When the net to it will be whole, and parting it; NULL stands for all
   addresses that have no name. */
uint64_t sim_host_is_whole_at(const sim_host_t *host);
void sim_host_part(sim_host_t *host, uint64_t until);

void sim_hosts_begin(void);
void sim_hosts_end(void);

#endif
