/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry. As with cp, the mode of the copy is what the umask leaves
 * of the original's permissions. Nothing is written through a link at the
 * target: an entry that is replaced loses its name to the copy, which is a new
 * file.
 */
#include "sys/copy_entry.h"

#include "base/alloc.h"
#include "sys/metadata.h"
#include "sys/temp_name.h"
#include "uv/fs_blocking.h"

enum { PERMISSIONS = 0777, OWNER = 0700 };

int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  *out = (avow__original_t){ .file = -1 };
  if (type == UV_DIRENT_FILE)
    return avow__original_open_file(place, stat, out);
  return type == UV_DIRENT_LINK ? avow__place_readlink(place, &out->text)
                                : UV_ENOTSUP;
}

void avow__original_close(avow__original_t *original) {
  if (original->file >= 0)
    (void) avow__disk_close(original->file); /* it was only read from */
  avow_free(original->text);
  *original = (avow__original_t){ .file = -1 };
}

static int copy_link(const avow__copying_t *c, avow__place_t to) {
  const int err = avow__place_symlink(to, c->original->text);
  if (err == 0 && c->options->keep == AVOW_KEEP_ALL)
    avow__metadata_copy_link(to, c->stat);
  return err;
}

static int make_copy(avow__place_t to, const void *data) {
  const avow__copying_t *c = data;
  return avow__disk_type(c->stat) == UV_DIRENT_LINK ? copy_link(c, to)
                                                    : avow__copy_file(c, to);
}

/* Refuses to replace the original by itself. */
static int copy_over(const avow__copying_t *c, avow__place_t to) {
  uv_stat_t old;
  const int err = avow__place_lstat(to, &old);
  if (err < 0)
    return err;
  if (avow__file_is(&old, avow__file_id(c->stat)))
    return UV_EINVAL;
  return avow__disk_type(&old) == UV_DIRENT_DIR
             ? UV_EISDIR
             : avow__beside(to, make_copy, c);
}

int avow__copy_entry(const avow__copying_t *c, avow__place_t to) {
  const int err = make_copy(to, c);
  if (err != UV_EEXIST || c->options->existing == AVOW_EXISTING_REFUSE)
    return err;
  return c->options->existing == AVOW_EXISTING_KEEP ? 0 : copy_over(c, to);
}

int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out) {
  const uint64_t mode =
      keep == AVOW_KEEP_ALL ? OWNER : (stat->st_mode & PERMISSIONS) | OWNER;
  const int made = avow__place_mkdir(to, (int) mode);
  if (made < 0 && made != UV_EEXIST)
    return made;
  const int err = avow__dir_hold(to, AVOW__HOLD, out);
  return err < 0 ? err : made == 0;
}
