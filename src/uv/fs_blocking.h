/* SPDX-License-Identifier: MIT */
/*
 * What chores of the thread pool do with files. libuv's requests without a
 * callback are plain calls that need no loop; each of these is one. They give 0
 * or more, or a libuv code, and none of them UV_EINTR.
 */
#ifndef AVOW_FS_BLOCKING_H
#define AVOW_FS_BLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

int avow__disk_open(const char *path, int flags, int mode);
int avow__disk_close(uv_file file);

/* Reads what there is room for, at most; 0 at the end. */
int avow__disk_read(uv_file file, char *data, size_t room);

/* Writes as much as the system takes at once, at least one byte of len. */
int avow__disk_write(uv_file file, char *data, size_t len);

/* The same from another file, beginning at the offset; 0 at its end. */
int avow__disk_send(uv_file to, uv_file from, uint64_t offset, uint64_t len);

int avow__disk_fsync(uv_file file);
int avow__disk_ftruncate(uv_file file, uint64_t len);
int avow__disk_fchmod(uv_file file, int mode);

/* What it is of; a failure leaves *out as it was. */
int avow__disk_fstat(uv_file file, uv_stat_t *out);
int avow__disk_stat(const char *path, uv_stat_t *out);
int avow__disk_lstat(const char *path, uv_stat_t *out);

int avow__disk_mkdir(const char *path, int mode);
/* The template, which ends in XXXXXX, becomes the path of a new one. */
int avow__disk_mkdtemp(char *template);
int avow__disk_rmdir(const char *path);

/* The kind of file that a mode or a stat is of. */
uv_dirent_type_t avow__disk_type_of(uint64_t mode);
uv_dirent_type_t avow__disk_type(const uv_stat_t *stat);

/* Between the names of a path. */
static inline bool avow__disk_is_slash(char c) {
#ifdef _WIN32
  return c == '/' || c == '\\';
#else
  return c == '/';
#endif
}

/* Where the last name of a path begins. */
size_t avow__disk_name_at(const char *path);

/* The length of a path without the slashes that end it, at least 1 if it has
   any. */
size_t avow__disk_trimmed(const char *path);

#endif
