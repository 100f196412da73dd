/* Where the process is, and the directories of the virtual machine. */
#include <string.h>

#include "sim/disk.h"
#include "sim/world.h"

SIM_ANCHOR(dirs)

static int give(const char *path, char *out, size_t *size) {
  const size_t len = strlen(path);
  if (out == NULL || size == NULL || *size == 0)
    return UV_EINVAL;
  if (len >= *size) {
    *size = len + 1;
    return UV_ENOBUFS;
  }
  memcpy(out, path, len + 1);
  *size = len;
  return 0;
}

int uv_cwd(char *out, size_t *size) {
  char *path = sim_disk_path_of(sim_disk()->here);
  if (path == NULL)
    return UV_ENOENT;
  const int err = give(path, out, size);
  sim_free(path);
  return err;
}

int uv_chdir(const char *path) {
  return sim_disk_chdir(path);
}

int uv_os_tmpdir(char *out, size_t *size) {
  return give("/tmp", out, size);
}

int uv_os_homedir(char *out, size_t *size) {
  return give("/home", out, size);
}
