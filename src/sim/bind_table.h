/* SPDX-License-Identifier: MIT */
/*
 * The sockets that are bound to an address or to a name. A socket that binds to
 * port 0 gets the next free port.
 */
#ifndef AVOW_SIM_BIND_TABLE_H
#define AVOW_SIM_BIND_TABLE_H

#include "sim/socket.h"

/* The next connection number for the history, and the next free port. */
uint32_t sim_network_count(void);
uint16_t sim_network_port(void);

/* Binds the socket to the address, with a free port for port 0. Returns 0,
   UV_EADDRINUSE or UV_EADDRNOTAVAIL. */
int sim_network_bind(sim_socket_t *socket, const sim_address_t *address);

/* Binds the socket to a wildcard address, unless it is already bound. */
void sim_network_bind_any(sim_socket_t *socket);

/* Returns 0 or UV_EADDRINUSE. */
int sim_network_bind_name(sim_socket_t *socket, const char *name);

/* Returns UV_EADDRINUSE if another socket listens on this address, otherwise
   0. */
int sim_network_check(const sim_socket_t *socket);

/* Frees the socket's address or name for others. */
void sim_network_leave(sim_socket_t *socket);

/* The socket that listens on the address, or NULL. */
sim_socket_t *sim_network_find(const sim_address_t *address);

/* The socket that is bound to the name, or NULL. It need not be listening. */
sim_socket_t *sim_network_find_name(const char *name);

extern const sim_part_t sim_network;

#endif
