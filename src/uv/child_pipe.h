/* SPDX-License-Identifier: MIT */
/* Pipes between us and a process that is to be started. */
#ifndef AVOW_CHILD_PIPE_H
#define AVOW_CHILD_PIPE_H

#include <uv.h>

/* Makes a pipe for a container with UV_CREATE_PIPE, and opens ours, which is
   initialized, on our end; the process is to inherit the other. 0, or a code,
   with nothing made. A pipe for both ways is left to libuv, which makes a pair
   of sockets. */
int avow__child_pipe_make(uv_stdio_container_t *to, uv_pipe_t *ours);

/* Closes the end of the process in what was made so, once that has it or cannot
   be started. */
void avow__child_pipe_pass(const uv_stdio_container_t *made);

/* Ends the input of a process: uv_shutdown() cannot. */
void avow__child_pipe_shut(uv_stream_t *ours);

#endif
