/* SPDX-License-Identifier: MIT */
#include "sim/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/hosts.h"
#include "sim/world.h"

typedef struct {
  const char *name;
  uint16_t port;
} service_t;

static const service_t services[] = {
  { "echo", 7 },    { "discard", 9 }, { "ftp", 21 },    { "ssh", 22 },
  { "telnet", 23 }, { "smtp", 25 },   { "domain", 53 }, { "http", 80 },
  { "pop3", 110 },  { "ntp", 123 },   { "imap", 143 },  { "ldap", 389 },
  { "https", 443 }, { "imaps", 993 }, { NULL, 0 }
};

static int port_named(const char *name) {
  const service_t *service = services;
  while (service->name != NULL && strcmp(service->name, name) != 0)
    service++;
  return service->name != NULL ? service->port : UV_EAI_SERVICE;
}

const char *sim_resolver_service(uint16_t port) {
  const service_t *service = services;
  while (service->name != NULL && service->port != port)
    service++;
  return service->name;
}

int sim_resolver_port(const sim_query_t *query) {
  if (query->service == NULL)
    return 0;
  char *end;
  const unsigned long port = strtoul(query->service, &end, 10);
  if (end != query->service && *end == '\0')
    return (int) (port & 0xFFFF); /* glibc truncates in the same way */
  return (query->hints.ai_flags & AI_NUMERICSERV) != 0
             ? UV_EAI_NONAME
             : port_named(query->service);
}

/* Returns the addresses whose family the query asks for. */
static int both(const sim_query_t *query, const sim_address_t *first,
                const sim_address_t *second, sim_address_t *out) {
  const int family = query->hints.ai_family;
  int n = 0;
  if (family == AF_UNSPEC || family == first->family)
    out[n++] = *first;
  if (family == AF_UNSPEC || family == second->family)
    out[n++] = *second;
  return n;
}

/* In the order of glibc. */
static int this_host(const sim_query_t *query, sim_address_t *out) {
  const bool passive = (query->hints.ai_flags & AI_PASSIVE) != 0;
  const sim_address_t any4 = sim_address_any(AF_INET);
  const sim_address_t any6 = sim_address_any(AF_INET6);
  const sim_address_t own4 = sim_address_loopback(AF_INET);
  const sim_address_t own6 = sim_address_loopback(AF_INET6);
  return passive && query->node == NULL ? both(query, &any4, &any6, out)
                                        : both(query, &own6, &own4, out);
}

/* Returns false if the text is not a numeric address. */
static bool numeric(const char *node, sim_address_t *out) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  if (uv_ip4_addr(node, 0, &v4) == 0)
    return sim_address_read((const struct sockaddr *) &v4, out) == 0;
  return uv_ip6_addr(node, 0, &v6) == 0 &&
         sim_address_read((const struct sockaddr *) &v6, out) == 0;
}

static bool is_local(const char *node) {
  static const char name[] = "localhost";
  const size_t of_name = sizeof(name) - 1;
  const size_t len = strlen(node);
  return len >= of_name && strcmp(node + len - of_name, name) == 0 &&
         (len == of_name || node[len - of_name - 1] == '.');
}

/* A name has an address of each family. If the query accepts both, only the
   IPv4 address is returned. The lookup depends on a server, which may not
   answer. */
static int by_name(const sim_query_t *query, sim_address_t *out) {
  if (sim_strikes("net.dns_fails"))
    return UV_EAI_AGAIN;
  const sim_host_t *host = sim_host_named(query->node);
  if (sim_strikes("net.dns_fails"))
    return UV_EAI_AGAIN;
  if (host == NULL)
    return UV_EAI_NONAME;
  const int family = query->hints.ai_family;
  *out = sim_address_of_host(family == AF_INET6 ? AF_INET6 : AF_INET, host->n);
  return 1;
}

int sim_resolver_addresses(const sim_query_t *query,
                           sim_address_t out[SIM_ADDRESSES]) {
  const int family = query->hints.ai_family;
  if (query->node == NULL)
    return this_host(query, out);
  if (numeric(query->node, out))
    return family == AF_UNSPEC || family == out->family ? 1 : UV_EAI_ADDRFAMILY;
  if ((query->hints.ai_flags & AI_NUMERICHOST) != 0 || query->node[0] == '\0')
    return UV_EAI_NONAME;
  return is_local(query->node) ? this_host(query, out) : by_name(query, out);
}

const char *sim_resolver_of(const sim_address_t *address) {
  if (sim_address_is_loopback(address))
    return "localhost";
  const sim_host_t *host = sim_host_at(address);
  return host != NULL ? host->name : NULL;
}
