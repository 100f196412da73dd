/* SPDX-License-Identifier: MIT */
/*
 * Who is to be found where: the sockets that were bound to an address or to a
 * name. A port that nobody asked for is the next that is free.
 */
#ifndef AVOW_SIM_BIND_TABLE_H
#define AVOW_SIM_BIND_TABLE_H

#include "sim/socket.h"

/* The next number for the history, and the next free port. */
uint32_t sim_network_count(void);
uint16_t sim_network_port(void);

/* Gives the socket that address and, for port 0, a port. 0, UV_EADDRINUSE or
   UV_EADDRNOTAVAIL. */
int sim_network_bind(sim_socket_t *socket, const sim_address_t *address);

/* Gives it an address, if it has none. */
void sim_network_bind_any(sim_socket_t *socket);

/* 0 or UV_EADDRINUSE. */
int sim_network_bind_name(sim_socket_t *socket, const char *name);

/* Whether others listen where it would: 0 or UV_EADDRINUSE. */
int sim_network_check(const sim_socket_t *socket);

/* Its address or name is free again. */
void sim_network_leave(sim_socket_t *socket);

/* Who listens there, or NULL. */
sim_socket_t *sim_network_find(const sim_address_t *address);

/* Who is bound to that name, and may listen or not; or NULL. */
sim_socket_t *sim_network_find_name(const char *name);

extern const sim_part_t sim_network;

#endif
