/* SPDX-License-Identifier: MIT */
/*
 * Requests of files: the same at once and on the thread pool. What a request
 * does, to which fields of it, is in a table by its type.
 */
#ifndef AVOW_SIM_FS_VERBS_H
#define AVOW_SIM_FS_VERBS_H

#include <uv.h>

/* Does it, or fails by chance. */
ssize_t sim_fs_run(uv_fs_t *req);

/* The kind of delay, and name in the history. */
const char *sim_fs_what(const uv_fs_t *req);

#endif
