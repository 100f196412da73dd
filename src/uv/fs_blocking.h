/* SPDX-License-Identifier: MIT */
/*
 * File operations for chores of the thread pool. Each is one request of libuv
 * without a callback, which is a blocking call and needs no loop. They return 0
 * or more, or a libuv code, but never UV_EINTR.
 */
#ifndef AVOW_FS_BLOCKING_H
#define AVOW_FS_BLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

int avow__disk_open(const char *path, int flags, int mode);
int avow__disk_close(uv_file file);

/* Reads at most `room` bytes; 0 at the end. */
int avow__disk_read(uv_file file, char *data, size_t room);

/* Writes as many bytes as the system takes at once, at least one of `len`. */
int avow__disk_write(uv_file file, char *data, size_t len);

/* Copies bytes from the file `from`, starting at `offset`; 0 at its end. */
int avow__disk_send(uv_file to, uv_file from, uint64_t offset, uint64_t len);

int avow__disk_fsync(uv_file file);
int avow__disk_ftruncate(uv_file file, uint64_t len);
int avow__disk_fchmod(uv_file file, int mode);

/* Return the file's attributes in `*out`. After a failure, `*out` is unchanged.
 */
int avow__disk_fstat(uv_file file, uv_stat_t *out);
int avow__disk_stat(const char *path, uv_stat_t *out);
int avow__disk_lstat(const char *path, uv_stat_t *out);

int avow__disk_mkdir(const char *path, int mode);
/* Makes a directory. `template` ends in XXXXXX and is replaced by the path. */
int avow__disk_mkdtemp(char *template);
int avow__disk_rmdir(const char *path);

/* The file type in a mode or a stat. */
uv_dirent_type_t avow__disk_type_of(uint64_t mode);
uv_dirent_type_t avow__disk_type(const uv_stat_t *stat);

/* Whether the character separates the names of a path. */
static inline bool avow__disk_is_slash(char c) {
#ifdef _WIN32
  return c == '/' || c == '\\';
#else
  return c == '/';
#endif
}

/* The index at which the last name of a path begins. */
size_t avow__disk_name_at(const char *path);

/* The length of a path without trailing slashes; at least 1 if the path is not
   empty. */
size_t avow__disk_trimmed(const char *path);

#endif
