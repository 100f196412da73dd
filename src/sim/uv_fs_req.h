/* SPDX-License-Identifier: MIT */
/* Begins file requests and runs them. */
#ifndef AVOW_SIM_UV_FS_REQ_H
#define AVOW_SIM_UV_FS_REQ_H

#include <uv.h>

/* Initializes a request of a type. The caller then fills in its fields. */
void sim_fs_begin(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type, uv_fs_cb cb);

/* Initializes a request on one path, or on two. `new_path` is NULL if there is
   no second one. The paths are copied if there is a callback. */
void sim_fs_begin_on(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                     const char *path, const char *new_path, uv_fs_cb cb);

/* Runs the request now if it has no callback, otherwise on the pool. */
int sim_fs_go(uv_fs_t *req);

#endif
