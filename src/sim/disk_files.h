/* SPDX-License-Identifier: MIT */
/* Calls on open files of the virtual disk, by file number. */
#ifndef AVOW_SIM_DISK_FILES_H
#define AVOW_SIM_DISK_FILES_H

#include "sim/disk.h"

int sim_disk_open(const char *path, int flags, int mode);
int sim_disk_close(uv_file file);
sim_open_t *sim_disk_file(uv_file file); /* NULL: it is not open */

/* Offset -1 stands for the current position. */
ssize_t sim_disk_read(uv_file file, const uv_buf_t *bufs, size_t n,
                      int64_t offset);
ssize_t sim_disk_write(uv_file file, const uv_buf_t *bufs, size_t n,
                       int64_t offset);
ssize_t sim_disk_send(uv_file to, uv_file from, int64_t offset, size_t len);
int sim_disk_truncate(uv_file file, int64_t len);
int sim_disk_sync(uv_file file);
int sim_disk_lose(uv_file file); /* a sync that fails with UV_EIO */

#endif
