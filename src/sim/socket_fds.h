/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of sockets that no handle has yet: those of uv_pipe() and
 * uv_socketpair(), until one is opened with them.
 */
#ifndef AVOW_SIM_SOCKET_FDS_H
#define AVOW_SIM_SOCKET_FDS_H

#include "sim/socket.h"

enum { SIM_READABLE = 1, SIM_WRITABLE = 2 };

/* A number that no file has. */
int sim_descriptor_new(sim_socket_t *socket, unsigned ways);

/* The socket, or NULL; and taking it away from its number. */
sim_socket_t *sim_descriptor_find(int fd);
sim_socket_t *sim_descriptor_take(int fd, unsigned *ways);

/* At its end it closes what nobody has taken, and fails the run for it. */
extern const sim_part_t sim_descriptors;

#endif
