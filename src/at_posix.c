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
