/* SPDX-License-Identifier: MIT */
/* Connects sockets to each other. */
#ifndef AVOW_SIM_SOCKET_CONNECT_H
#define AVOW_SIM_SOCKET_CONNECT_H

#include "sim/socket.h"

/* Returns SIM_UNDER_WAY while the attempt is pending. */
int sim_socket_connect(sim_socket_t *socket, const sim_address_t *to);
int sim_socket_connect_name(sim_socket_t *socket, const char *name);

/* Creates two local sockets that are connected to each other. */
void sim_sockets_pair(sim_socket_t *out[2]);

#endif
