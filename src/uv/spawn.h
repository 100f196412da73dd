/* SPDX-License-Identifier: MIT */
/* uv_spawn() with its special cases. */
#ifndef AVOW_SPAWN_H
#define AVOW_SPAWN_H

#include <stdbool.h>
#include <uv.h>

/* Calls uv_spawn(). `*is_open` tells whether the handle must be closed, which
   differs between failures. */
int avow__spawn(uv_loop_t *loop, uv_process_t *handle,
                const uv_process_options_t *options, bool *is_open);

/* Sends a signal to the group of a process that was spawned with
   UV_PROCESS_DETACHED. Returns 0, UV_ESRCH if all of them have ended, or
   UV_ENOTSUP on Windows. */
int avow__signal_group(const uv_process_t *leader, int signal);

#endif
