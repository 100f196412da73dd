/* SPDX-License-Identifier: MIT */
/* Calls that create, rename and remove names on the virtual disk. */
#ifndef AVOW_SIM_DISK_NAMES_H
#define AVOW_SIM_DISK_NAMES_H

#include "sim/disk.h"

/* Finds the file to open. Returns 1 if it was created, otherwise 0 or a libuv
   code. */
int sim_disk_find(const char *path, int flags, int mode, sim_inode_t **out);

int sim_disk_mkdir(const char *path, int mode);
int sim_disk_rmdir(const char *path);
int sim_disk_unlink(const char *path);
int sim_disk_rename(const char *from, const char *to);
int sim_disk_link(const char *from, const char *to);
int sim_disk_symlink(const char *text, const char *path);

#endif
