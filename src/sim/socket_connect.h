/* SPDX-License-Identifier: MIT */
/* How sockets are connected to each other. */
#ifndef AVOW_SIM_SOCKET_CONNECT_H
#define AVOW_SIM_SOCKET_CONNECT_H

#include "sim/socket.h"

/* SIM_UNDER_WAY: it is under way. */
int sim_socket_connect(sim_socket_t *socket, const sim_address_t *to);
int sim_socket_connect_name(sim_socket_t *socket, const char *name);

/* Two that are connected, within the machine. */
void sim_sockets_pair(sim_socket_t *out[2]);

#endif
