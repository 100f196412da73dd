/* SPDX-License-Identifier: MIT */
/* Opening by a directory's descriptor, on POSIX. */
#ifndef AVOW_AT_H
#define AVOW_AT_H

#include <errno.h>
#include <sys/stat.h>
#include <uv.h>

/* What a call has come to: its result, or a libuv code for errno. */
static inline int avow__at_code(int result) {
  return result < 0 ? uv_translate_sys_error(errno) : result;
}

/* A descriptor that no other program inherits, or a libuv code, which is never
   UV_EINTR. */
int avow__at_open(int dir, const char *path, int flags, int mode);

/* A directory to find things in, for which it need not be readable. */
int avow__at_open_dir(int dir, const char *path);

/* What is there, also of a link. NULL: what is open itself. */
int avow__at_look(int dir, const char *path, struct stat *out);

/* The times of stat, also of a link. NULL: of what is open itself. */
int avow__at_set_times(int dir, const char *path, const uv_stat_t *stat);

#endif
