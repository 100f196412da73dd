/* SPDX-License-Identifier: MIT */
/* What is hard about uv_spawn(), for all that do. */
#ifndef AVOW_SPAWN_H
#define AVOW_SPAWN_H

#include <stdbool.h>
#include <uv.h>

/* uv_spawn(). *is_open says whether the handle has to be closed, which may be
   so and not be so after a failure. */
int avow__spawn(uv_loop_t *loop, uv_process_t *handle,
                const uv_process_options_t *options, bool *is_open);

/* Sends all of the group a signal that a process leads which was spawned with
   UV_PROCESS_DETACHED. 0, or UV_ESRCH if all of them have ended; UV_ENOTSUP on
   Windows. */
int avow__signal_group(const uv_process_t *leader, int signal);

#endif
