/* SPDX-License-Identifier: MIT */
/*
 * File requests. They run in the same way synchronously and on the thread pool.
 * A table by request type has the action and the fields that it uses.
 */
#ifndef AVOW_SIM_FS_VERBS_H
#define AVOW_SIM_FS_VERBS_H

#include <uv.h>

/* Performs the request, or fails by chance. */
ssize_t sim_fs_run(uv_fs_t *req);

/* The kind of the delay, which is also the request's name in the history. */
const char *sim_fs_what(const uv_fs_t *req);

#endif
