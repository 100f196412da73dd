/* SPDX-License-Identifier: MIT */
/*
 * What a copy does to what is there. Nothing is written through a link at the
 * target: what is to be replaced loses its name to the copy, which is a new
 * file.
 */
#include "sys/copy_entry.h"

#include "sys/temp_name.h"
#include "uv/fs_sync.h"

/* Unless what is there is the very thing to be copied. */
static int replace(const avow__copying_t *c, avow__place_t to) {
  uv_stat_t old;
  const int err = avow__place_lstat(to, &old);
  if (err < 0)
    return err;
  if (avow__file_is(&old, avow__file_id(c->stat)))
    return UV_EINVAL;
  return avow__disk_type(&old) == UV_DIRENT_DIR
             ? UV_EISDIR
             : avow__beside(to, avow__copy_new, c);
}

int avow__copy_entry(const avow__copying_t *c, avow__place_t to) {
  const int err = avow__copy_new(to, c);
  if (err != UV_EEXIST || c->options->existing == AVOW_EXISTING_REFUSE)
    return err;
  return c->options->existing == AVOW_EXISTING_KEEP ? 0 : replace(c, to);
}
