/* SPDX-License-Identifier: MIT */
/* Moves a connection to another handle. */
#ifndef AVOW_TCP_MOVE_H
#define AVOW_TCP_MOVE_H

#include <stdbool.h>
#include <uv.h>

bool avow__tcp_has_socket(const uv_tcp_t *tcp);

/* Opens `to`, which is initialized and has no socket, on the connection of
   `from`, which the caller must then close. Returns 0 or an error: UV_EBUSY if
   `to` has a socket. */
int avow__tcp_move(uv_stream_t *from, uv_tcp_t *to);

#endif
