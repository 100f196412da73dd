/* SPDX-License-Identifier: MIT */
/* Calls that read and change the attributes of inodes. */
#ifndef AVOW_SIM_DISK_STAT_H
#define AVOW_SIM_DISK_STAT_H

#include "sim/disk.h"

/* Both functions store a new string in *out. The caller frees it with
   sim_free(). */
int sim_disk_readlink(const char *path, char **out);
int sim_disk_realpath(const char *path, char **out);
char *sim_disk_path_of(const sim_inode_t *dir); /* NULL: the directory was
                                                   removed */

/* Finds an inode by path or by file number. The result is borrowed. */
int sim_disk_look(const char *path, bool follow, sim_inode_t **out);
int sim_disk_look_at(uv_file file, sim_inode_t **out);

void sim_disk_stat(const sim_inode_t *inode, uv_stat_t *out);
int sim_disk_access(const sim_inode_t *inode, int mode);
int sim_disk_chmod(sim_inode_t *inode, int mode);
int sim_disk_chown(sim_inode_t *inode, uv_uid_t user, uv_gid_t group);
int sim_disk_utime(sim_inode_t *inode, double accessed, double modified);

int sim_disk_chdir(const char *path);

/* Checks permissions, as bits of 04, 02 and 01. There is only one user. */
bool sim_disk_may(const sim_inode_t *inode, unsigned bits);

#endif
