/* SPDX-License-Identifier: MIT */
/* Pipes between this process and a child process. */
#ifndef AVOW_CHILD_PIPE_H
#define AVOW_CHILD_PIPE_H

#include <uv.h>

/* Makes a pipe for a container with UV_CREATE_PIPE, and opens `ours`, which is
   initialized, on this process's end. The child inherits the other end. Returns
   0, or an error with nothing made. A pipe for both directions is left to
   libuv, which makes a pair of sockets. */
int avow__child_pipe_make(uv_stdio_container_t *to, uv_pipe_t *ours);

/* Closes the child's end of a pipe made by avow__child_pipe_make(). Must be
   called when the child has started or cannot start. */
void avow__child_pipe_pass(const uv_stdio_container_t *made);

/* Ends the input of a child, which uv_shutdown() cannot do for a pipe. */
void avow__child_pipe_shut(uv_stream_t *ours);

#endif
