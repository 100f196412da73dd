/* SPDX-License-Identifier: MIT */
/* How requests of files begin, and where they run. */
#ifndef AVOW_SIM_UV_FS_REQ_H
#define AVOW_SIM_UV_FS_REQ_H

#include <uv.h>

/* Makes a request of a type, whose fields are filled in after that. */
void sim_fs_begin(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type, uv_fs_cb cb);

/* The same of a path, or of two: NULL for none. They are copied where there is
   a callback. */
void sim_fs_begin_on(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                     const char *path, const char *new_path, uv_fs_cb cb);

/* Does it now, where there is no callback, or has the pool do it. */
int sim_fs_go(uv_fs_t *req);

#endif
