/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry, by paths and libuv's calls. Files have the attributes of
 * their originals in any case; owners and what may be done with them are the
 * directory's to give.
 */
#include "sys/copy_entry.h"

#include <string.h>

#include "base/alloc.h"
#include "uv/fs_sync.h"

enum { PERMISSIONS = 07777, USABLE = 0700 };

int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  const size_t size = strlen(place.path) + 1;
  *out = (avow__original_t){ .file = -1 };
  if (type != UV_DIRENT_FILE && type != UV_DIRENT_LINK)
    return UV_ENOTSUP; /* libuv makes no others */
  out->text = avow_malloc(size);
  if (out->text == NULL)
    return UV_ENOMEM;
  memcpy(out->text, place.path, size);
  return 0;
}

void avow__original_close(avow__original_t *original) {
  avow_free(original->text);
  *original = (avow__original_t){ .file = -1 };
}

static int copy_file(const avow__copying_t *c, const char *to) {
  const int err = avow__disk_copyfile(c->original->text, to);
  return err == 0 && c->options->keep == AVOW_KEEP_ALL
             ? avow__disk_utime(to, c->stat)
             : err;
}

static int copy_link(const avow__copying_t *c, const char *to) {
  char *target = NULL;
  int err = avow__disk_readlink(c->original->text, &target);
  if (err == 0)
    err = avow__disk_symlink(target, to);
  if (err == 0 && c->options->keep == AVOW_KEEP_ALL)
    (void) avow__disk_lutime(to, c->stat); /* not all systems have that */
  avow_free(target);
  return err;
}

int avow__copy_new(avow__place_t to, const void *data) {
  const avow__copying_t *c = data;
  return avow__disk_type(c->stat) == UV_DIRENT_LINK ? copy_link(c, to.path)
                                                    : copy_file(c, to.path);
}

int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out) {
  const int mode = (int) (stat->st_mode & PERMISSIONS);
  const int made = avow__place_mkdir(to, mode | USABLE);
  if (made < 0 && made != UV_EEXIST)
    return made;
  const int err = avow__dir_hold(to, AVOW__HOLD, out);
  return err < 0 ? err : made == 0;
}
