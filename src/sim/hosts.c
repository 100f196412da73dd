/* SPDX-License-Identifier: MIT */
#include "sim/hosts.h"

#include <string.h>

#ifndef _WIN32
#  include <strings.h>
#endif

#include "sim/event_log.h"
#include "sim/world.h"

#ifdef _WIN32
#  define strcasecmp _stricmp
#endif

enum { OWN = 1 }; /* the machine itself, which has no name */

typedef struct {
  sim_host_t *first; /* the newest */
  uint32_t n;
  uint64_t whole_at; /* for hosts without names: when the partition ends */
} hosts_t;

static _Thread_local hosts_t hosts;

static sim_host_t *host_find(const char *name) {
  sim_host_t *host = hosts.first;
  while (host != NULL && strcasecmp(host->name, name) != 0)
    host = host->next;
  return host;
}

static sim_host_t *host_new(const char *name) {
  const size_t len = strlen(name);
  sim_host_t *host = sim_alloc(sizeof(*host) + len + 1);
  memcpy(host->name, name, len);
  host->n = OWN + ++hosts.n;
  host->next = hosts.first;
  hosts.first = host;
  return host;
}

static bool does_not_exist(const char *name) {
  static const char tail[] = ".invalid";
  const size_t len = strlen(name);
  const size_t of_tail = sizeof(tail) - 1;
  return strcasecmp(name, tail + 1) == 0 ||
         (len > of_tail && strcasecmp(name + len - of_tail, tail) == 0);
}

sim_host_t *sim_host_named(const char *name) {
  if (does_not_exist(name))
    return NULL;
  sim_host_t *host = host_find(name);
  return host != NULL ? host : host_new(name);
}

sim_host_t *sim_host_at(const sim_address_t *address) {
  const uint32_t n = sim_address_host(address);
  sim_host_t *host = n > OWN ? hosts.first : NULL;
  while (host != NULL && host->n != n)
    host = host->next;
  return host;
}

uint64_t sim_host_is_whole_at(const sim_host_t *host) {
  return host != NULL ? host->whole_at : hosts.whole_at;
}

void sim_host_part(sim_host_t *host, uint64_t until) {
  uint64_t *at = host != NULL ? &host->whole_at : &hosts.whole_at;
  if (until <= *at)
    return;
  *at = until;
  sim_note("the network to %s is partitioned",
           host != NULL ? host->name : "this host");
}

void sim_hosts_begin(void) {
  hosts = (hosts_t){ .first = NULL };
}

void sim_hosts_end(void) {
  while (hosts.first != NULL) {
    sim_host_t *host = hosts.first;
    hosts.first = host->next;
    sim_free(host);
  }
}
