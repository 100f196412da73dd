/* SPDX-License-Identifier: MIT */
/* The requests that read directories. */
#ifndef AVOW_SIM_FS_DIRS_H
#define AVOW_SIM_FS_DIRS_H

#include <uv.h>

ssize_t sim_fs_scandir(uv_fs_t *req);
ssize_t sim_fs_opendir(uv_fs_t *req);
ssize_t sim_fs_readdir(uv_fs_t *req);
ssize_t sim_fs_closedir(uv_fs_t *req);

/* Frees the names that a request owns. */
void sim_fs_drop_names(uv_fs_t *req);

#endif
