/* Opening by a directory's descriptor. */
#include "at.h"

#include <fcntl.h>
#include <sys/stat.h>

int avow__at_open(int dir, const char *path, int flags, int mode) {
  int file;
  do {
    file = openat(dir, path, flags | O_CLOEXEC, (mode_t) mode);
  } while (file < 0 && errno == EINTR);
  return avow__at_code(file);
}

static struct timespec time_of(uv_timespec_t time) {
  return (struct timespec){ .tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec };
}

int avow__at_set_times(int dir, const char *path, const uv_stat_t *stat) {
  const struct timespec times[2] = { time_of(stat->st_atim),
                                     time_of(stat->st_mtim) };
  return avow__at_code(path == NULL
                           ? futimens(dir, times)
                           : utimensat(dir, path, times, AT_SYMLINK_NOFOLLOW));
}
