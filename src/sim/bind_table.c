/* SPDX-License-Identifier: MIT */
#include "sim/bind_table.h"

#include <assert.h>
#include <string.h>

#include "sim/hosts.h"

enum { PORT_FIRST = 49152, PORT_LAST = 65535 };

typedef struct {
  sim_socket_t *bound; /* the newest first */
  uint32_t count;
  uint16_t ports; /* number of ports handed out so far */
} network_t;

static _Thread_local network_t network;

uint32_t sim_network_count(void) {
  return ++network.count;
}

/* A wildcard address covers all addresses of its family. A wildcard IPv6
   address also covers IPv4, unless the socket is v6only. */
static bool covers(const sim_socket_t *a, const sim_address_t *b) {
  if (!sim_address_is_any(&a->local))
    return sim_address_same_ip(&a->local, b);
  return a->local.family == b->family ||
         (a->local.family == AF_INET6 && !a->v6only);
}

static bool meet(const sim_socket_t *a, const sim_socket_t *b) {
  return !a->is_local && !b->is_local && a->local.port == b->local.port &&
         (covers(a, &b->local) || covers(b, &a->local));
}

/* Only a listening socket is in conflict, because libuv lets all other sockets
   share addresses. */
int sim_network_check(const sim_socket_t *socket) {
  for (const sim_socket_t *s = network.bound; s != NULL; s = s->next)
    if (s != socket && s->state == SIM_LISTENING && meet(s, socket))
      return UV_EADDRINUSE;
  return 0;
}

static bool port_is_free(uint16_t port) {
  const sim_socket_t *s = network.bound;
  while (s != NULL && (s->is_local || s->local.port != port))
    s = s->next;
  return s == NULL;
}

/* The search ends because there are more ports than bound sockets. */
uint16_t sim_network_port(void) {
  uint16_t port;
  do {
    const int n = network.ports++ % (PORT_LAST + 1 - PORT_FIRST);
    port = (uint16_t) (PORT_FIRST + n);
  } while (!port_is_free(port));
  return port;
}

static void enter(sim_socket_t *socket) {
  socket->is_bound = true;
  socket->previous = NULL;
  socket->next = network.bound;
  if (socket->next != NULL)
    socket->next->previous = socket;
  network.bound = socket;
}

void sim_network_leave(sim_socket_t *socket) {
  if (!socket->is_bound)
    return;
  if (socket->previous != NULL)
    socket->previous->next = socket->next;
  else
    network.bound = socket->next;
  if (socket->next != NULL)
    socket->next->previous = socket->previous;
  socket->is_bound = false;
}

int sim_network_bind(sim_socket_t *socket, const sim_address_t *address) {
  const sim_address_t old = socket->local;
  if (sim_address_is_nobody(address))
    return UV_EADDRNOTAVAIL;
  socket->local = *address;
  if (address->port == 0)
    socket->local.port = sim_network_port();
  const int err = sim_network_check(socket);
  if (err == 0)
    enter(socket);
  else
    socket->local = old;
  return err;
}

void sim_network_bind_any(sim_socket_t *socket) {
  if (socket->is_bound)
    return;
  socket->local = sim_address_any(socket->local.family);
  socket->local.port = sim_network_port();
  enter(socket);
}

int sim_network_bind_name(sim_socket_t *socket, const char *name) {
  if (sim_network_find_name(name) != NULL)
    return UV_EADDRINUSE;
  socket->name = sim_copy(name);
  enter(socket);
  return 0;
}

/* At most one listener matches, because a specific address and a wildcard
   address are in conflict. */
sim_socket_t *sim_network_find(const sim_address_t *address) {
  sim_socket_t *s = network.bound;
  while (s != NULL && (s->is_local || s->state != SIM_LISTENING ||
                       s->local.port != address->port || !covers(s, address)))
    s = s->next;
  return s;
}

sim_socket_t *sim_network_find_name(const char *name) {
  sim_socket_t *s = network.bound;
  while (s != NULL && (!s->is_local || strcmp(s->name, name) != 0))
    s = s->next;
  return s;
}

/* The list may still hold sockets of a run that was cut off. They are not freed
   here. */
static void network_begin(void) {
  sim_hosts_begin();
  network = (network_t){ .bound = NULL };
}

/* Bound sockets are closed together with their handles. */
static void network_end(void) {
  sim_hosts_end();
}

const sim_part_t sim_network = { .begin = network_begin, .end = network_end };
