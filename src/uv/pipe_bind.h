/* SPDX-License-Identifier: MIT */
/* Binding to the name of a Unix domain socket or a Windows pipe. */
#ifndef AVOW_PIPE_BIND_H
#define AVOW_PIPE_BIND_H

#include <uv.h>

#include "avow/net.h"

/* A name in the file system that is removed together with its socket. */
typedef struct avow__socket_name_s avow__socket_name_t;

/* Binds, and starts to listen where connections may then wait. Returns 0 or an
   error. `*out` is the name if avow must remove it, else NULL. */
int avow__pipe_bind(uv_pipe_t *pipe, const char *name,
                    const avow_bind_path_options_t *options,
                    avow__socket_name_t **out);

/* Removes the name if it still leads to that socket, and frees its data.
   `is_open` states that the socket is not closed. `name` may be NULL. */
void avow__socket_name_end(avow__socket_name_t *name, bool is_open);

#endif
