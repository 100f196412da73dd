/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of sockets that no handle owns yet. They come from uv_pipe() and
 * uv_socketpair() and exist until a handle is opened with them.
 */
#ifndef AVOW_SIM_SOCKET_FDS_H
#define AVOW_SIM_SOCKET_FDS_H

#include "sim/socket.h"

enum { SIM_READABLE = 1, SIM_WRITABLE = 2 };

/* Returns a number that no file has. */
int sim_descriptor_new(sim_socket_t *socket, unsigned ways);

/* The socket, or NULL. sim_descriptor_take() also removes the number. */
sim_socket_t *sim_descriptor_find(int fd);
sim_socket_t *sim_descriptor_take(int fd, unsigned *ways);

/* At the end of a run it closes descriptors that were not taken, and fails the
   run. */
extern const sim_part_t sim_descriptors;

#endif
