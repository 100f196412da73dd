/*
 * Copying one entry. Nothing is written through a link at the target: what is
 * to be replaced loses its name to the copy, which is a new file.
 */
#include "copy_entry.h"

#include "alloc.h"
#include "beside.h"
#include "disk.h"

enum { PERMISSIONS = 07777, USABLE = 0700 };

static int copy_file(const char *from, const char *to, const uv_stat_t *stat) {
  const int err = avow__disk_copyfile(from, to);
  return err < 0 ? err : avow__disk_utime(to, stat);
}

static int copy_link(const char *from, const char *to, const uv_stat_t *stat) {
  char *target = NULL;
  int err = avow__disk_readlink(from, &target);
  if (err == 0)
    err = avow__disk_symlink(target, to);
  if (err == 0)
    (void) avow__disk_lutime(to, stat); /* not all systems have that */
  avow__free(target);
  return err;
}

static int copy_new(const char *from, const char *to, const uv_stat_t *stat) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  if (type == UV_DIRENT_FILE)
    return copy_file(from, to, stat);
  if (type == UV_DIRENT_LINK)
    return copy_link(from, to, stat);
  return UV_ENOTSUP; /* libuv makes no others */
}

typedef struct {
  const char *from;
  const uv_stat_t *stat;
} source_t;

static int copy_source(const char *to, const void *data) {
  const source_t *source = data;
  return copy_new(source->from, to, source->stat);
}

/* Unless what is there is the very thing to be copied. */
static int replace(const char *from, const char *to, const uv_stat_t *stat) {
  const source_t source = { from, stat };
  uv_stat_t old;
  const int err = avow__disk_lstat(to, &old);
  if (err < 0)
    return err;
  if (old.st_dev == stat->st_dev && old.st_ino == stat->st_ino)
    return UV_EINVAL;
  return avow__disk_type(&old) == UV_DIRENT_DIR
             ? UV_EISDIR
             : avow__beside(to, copy_source, &source);
}

int avow__copy_entry(const char *from, const char *to, const uv_stat_t *stat,
                     avow_existing_t existing) {
  const int err = copy_new(from, to, stat);
  if (err != UV_EEXIST || existing == AVOW_EXISTING_REFUSE)
    return err;
  return existing == AVOW_EXISTING_KEEP ? 0 : replace(from, to, stat);
}

int avow__copy_dir(const char *to, const uv_stat_t *stat) {
  const int mode = (int) (stat->st_mode & PERMISSIONS);
  const int err = avow__disk_mkdir(to, mode | USABLE);
  if (err != UV_EEXIST)
    return err < 0 ? err : 1;
  uv_stat_t old;
  const int stat_err = avow__disk_lstat(to, &old);
  if (stat_err < 0)
    return stat_err;
  return avow__disk_type(&old) == UV_DIRENT_DIR ? 0 : UV_ENOTDIR;
}

int avow__copy_dir_end(const char *to, const uv_stat_t *stat) {
  const int err = avow__disk_chmod(to, (int) (stat->st_mode & PERMISSIONS));
  return err < 0 ? err : avow__disk_utime(to, stat);
}
