/* SPDX-License-Identifier: MIT */
/*
 * Requests of files: the same at once and on the thread pool. What a request
 * does, to which fields of it, is in a table by its type.
 */
#ifndef AVOW_SIM_FS_CALL_H
#define AVOW_SIM_FS_CALL_H

#include "sim/disk.h"

typedef ssize_t sim_fs_fn(uv_fs_t *req);

/* Directories, fs_dirs.c. */
sim_fs_fn sim_fs_scandir, sim_fs_opendir, sim_fs_readdir, sim_fs_closedir;
void sim_fs_drop_names(uv_fs_t *req); /* those that a request owns */

/* What takes several steps, fs_steps.c. */
sim_fs_fn sim_fs_mkdtemp, sim_fs_mkstemp, sim_fs_copyfile;

/* Does it, or fails by chance. */
ssize_t sim_fs_run(uv_fs_t *req);

/* The kind of delay, and name in the history. */
const char *sim_fs_what(const uv_fs_t *req);

/* Makes a request of a type, whose fields are filled in after that. */
void sim_fs_begin(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type, uv_fs_cb cb);

/* The same of a path, or of two: NULL for none. They are copied where there is
   a callback. */
void sim_fs_begin_on(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                     const char *path, const char *new_path, uv_fs_cb cb);

/* Does it now, where there is no callback, or has the pool do it. */
int sim_fs_go(uv_fs_t *req);

#endif
