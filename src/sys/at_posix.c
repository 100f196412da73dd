/* SPDX-License-Identifier: MIT */
/* Opening by a directory's descriptor. */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_PATH */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/at.h"

#include <fcntl.h>

/* What asks for no permission to read. */
#if defined(O_PATH)
enum { TO_USE = O_PATH | O_DIRECTORY };
#elif defined(O_SEARCH)
enum { TO_USE = O_SEARCH | O_DIRECTORY };
#else
enum { TO_USE = O_RDONLY | O_DIRECTORY };
#endif

int avow__at_open(int dir, const char *path, int flags, int mode) {
  int file;
  do {
    file = openat(dir, path, flags | O_CLOEXEC, (mode_t) mode);
  } while (file < 0 && errno == EINTR);
  return avow__at_code(file);
}

int avow__at_open_dir(int dir, const char *path) {
  return avow__at_open(dir, path, TO_USE, 0);
}

int avow__at_look(int dir, const char *path, struct stat *out) {
  return avow__at_code(path == NULL
                           ? fstat(dir, out)
                           : fstatat(dir, path, out, AT_SYMLINK_NOFOLLOW));
}

static struct timespec at_time_of(uv_timespec_t time) {
  return (struct timespec){ .tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec };
}

int avow__at_set_times(int dir, const char *path, const uv_stat_t *stat) {
  const struct timespec times[2] = { at_time_of(stat->st_atim),
                                     at_time_of(stat->st_mtim) };
  return avow__at_code(path == NULL
                           ? futimens(dir, times)
                           : utimensat(dir, path, times, AT_SYMLINK_NOFOLLOW));
}
