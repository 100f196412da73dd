/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine's disk. Its calls are those of a POSIX system, at once,
 * and give 0 or more, or a libuv code. What fails by chance, and what takes
 * time, is uv_fs.c's to say.
 */
#ifndef AVOW_SIM_DISK_H
#define AVOW_SIM_DISK_H

#include "avow/config.h"

#include "sim/inode.h"
#include "sim/world.h"

/* An open file, by its number. */
typedef struct sim_open_s {
  sim_inode_t *inode; /* NULL: it is closed */
  int flags;
  uint64_t offset;
} sim_open_t;

typedef struct sim_disk_s {
  sim_inode_t *root, *here; /* where the process is */
  avow__link_t *inodes;     /* all of them */
  uint64_t numbers;         /* of inodes, given so far */
  uint64_t used;            /* blocks */

  avow__link_t *journal;
  size_t records; /* in it */

  sim_open_t *opens;
  size_t open_room, lowest; /* below it all numbers are taken */
  size_t open_dirs;

  bool may_crash;
  uint64_t calls_left; /* until the machine stops; 0: it does not by itself */
} sim_disk_t;

/* The thread's; made with the first look at it. */
sim_disk_t *sim_disk(void);

static inline bool sim_disk_may_crash(void) {
  return sim_disk()->may_crash;
}

/* A run begins with an empty disk, and ends with none. */
extern const sim_part_t sim_files;

/* One more call: false if the machine has stopped, or does now. */
bool sim_disk_call(void);

enum {
  SIM_FIRST_FILE = 10000, /* so that nobody takes it for the system's */
  SIM_MOST_FILES = 1024,
  SIM_NAME = 255,
  SIM_PATH = 4096
};

/* Room for 256 MiB. */
#define SIM_BLOCKS UINT64_C(65536)

/* Files by their numbers. */
int sim_disk_open(const char *path, int flags, int mode);
int sim_disk_close(uv_file file);
sim_open_t *sim_disk_file(uv_file file); /* NULL: it is not open */

/* Offset -1: where it stands. */
ssize_t sim_disk_read(uv_file file, const uv_buf_t *bufs, size_t n,
                      int64_t offset);
ssize_t sim_disk_write(uv_file file, const uv_buf_t *bufs, size_t n,
                       int64_t offset);
ssize_t sim_disk_send(uv_file to, uv_file from, int64_t offset, size_t len);
int sim_disk_truncate(uv_file file, int64_t len);
int sim_disk_sync(uv_file file);
int sim_disk_lose(uv_file file); /* a sync that fails: UV_EIO */

/* What is to be opened: 0, or 1 if it was made for that. */
int sim_disk_find(const char *path, int flags, int mode, sim_inode_t **out);

/* What is behind paths. */
int sim_disk_mkdir(const char *path, int mode);
int sim_disk_rmdir(const char *path);
int sim_disk_unlink(const char *path);
int sim_disk_rename(const char *from, const char *to);
int sim_disk_link(const char *from, const char *to);
int sim_disk_symlink(const char *text, const char *path);

/* These put a string into *out that is the caller's, for sim_free(). */
int sim_disk_readlink(const char *path, char **out);
int sim_disk_realpath(const char *path, char **out);
char *sim_disk_path_of(const sim_inode_t *dir); /* NULL: it has none any more */

/* The thing itself, which is lent: by a path, or by a file's number. */
int sim_disk_look(const char *path, bool follow, sim_inode_t **out);
int sim_disk_look_at(uv_file file, sim_inode_t **out);

void sim_disk_stat(const sim_inode_t *inode, uv_stat_t *out);
int sim_disk_access(const sim_inode_t *inode, int mode);
int sim_disk_chmod(sim_inode_t *inode, int mode);
int sim_disk_chown(sim_inode_t *inode, uv_uid_t user, uv_gid_t group);
int sim_disk_utime(sim_inode_t *inode, double accessed, double modified);

int sim_disk_chdir(const char *path);

/* Permissions of the one user that there is: bits of 04, 02 and 01. */
bool sim_disk_may(const sim_inode_t *inode, unsigned bits);

#endif
