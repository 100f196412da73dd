/* SPDX-License-Identifier: MIT */
/* Binding to the name of a Unix domain socket or a Windows pipe. */
#ifndef AVOW_PIPE_BIND_H
#define AVOW_PIPE_BIND_H

#include <uv.h>

#include "avow/net.h"

/* A name in the file system, which is removed with the socket that has it. */
typedef struct avow__socket_name_s avow__socket_name_t;

/* Binds, and listens where connections may wait from then on. 0, with the name
   in *out where avow has to remove it, else NULL. */
int avow__pipe_bind(uv_pipe_t *pipe, const char *name,
                    const avow_bind_path_options_t *options,
                    avow__socket_name_t **out);

/* Removes the name if it still leads to that socket, and frees what was noted
   of it. is_open says that the socket has not been closed. NULL has no name. */
void avow__socket_name_end(avow__socket_name_t *name, bool is_open);

#endif
