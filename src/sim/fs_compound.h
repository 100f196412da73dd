/* SPDX-License-Identifier: MIT */
/* The requests that consist of several system calls. */
#ifndef AVOW_SIM_FS_COMPOUND_H
#define AVOW_SIM_FS_COMPOUND_H

#include <uv.h>

ssize_t sim_fs_mkdtemp(uv_fs_t *req);
ssize_t sim_fs_mkstemp(uv_fs_t *req);
ssize_t sim_fs_copyfile(uv_fs_t *req);

#endif
