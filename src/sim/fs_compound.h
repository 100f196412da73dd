/* SPDX-License-Identifier: MIT */
/* The requests that take several calls of a system. */
#ifndef AVOW_SIM_FS_COMPOUND_H
#define AVOW_SIM_FS_COMPOUND_H

#include <uv.h>

ssize_t sim_fs_mkdtemp(uv_fs_t *req);
ssize_t sim_fs_mkstemp(uv_fs_t *req);
ssize_t sim_fs_copyfile(uv_fs_t *req);

#endif
