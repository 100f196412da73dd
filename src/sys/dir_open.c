/* SPDX-License-Identifier: MIT */
/* Opens and reopens directories. */
#include "sys/dir_open.h"

#include "uv/fs_blocking.h"

int avow__dir_open(avow__place_t place, avow__hold_t how, avow__dir_t *out) {
  int err = avow__dir_hold(place, how, out);
  if (err == 0)
    err = avow__dir_list(out, place);
  if (err < 0)
    avow__dir_close(out);
  return err;
}

int avow__dir_open_above(const avow__dir_t *from, char *path, avow__dir_t *out,
                         size_t *name_at) {
  *out = (avow__dir_t){ .fd = -1 };
  *name_at = 0;
  if (AVOW__PLACES_ARE_PATHS)
    return 0;
  const size_t at = avow__disk_name_at(path);
  const char first = path[at];
  if (first == '\0')
    return 0;
  path[at] = '\0';
  const int err = avow__dir_hold((avow__place_t){ from, path, path },
                                 AVOW__HOLD_ABOVE, out);
  path[at] = first;
  if (err == 0)
    *name_at = at;
  return err;
}

int avow__place_open_file(avow__place_t place, uv_stat_t *stat) {
  uv_stat_t now;
  const int file = avow__place_open(place, UV_FS_O_RDONLY, 0);
  if (file < 0)
    return file;
  int err = avow__disk_fstat(file, &now);
  if (err == 0 && avow__disk_type(&now) != UV_DIRENT_FILE)
    err = UV_ENOTSUP;
  if (err < 0)
    (void) avow__disk_close(file); /* nothing was read */
  else
    *stat = now;
  return err < 0 ? err : file;
}

int avow__dir_id(const avow__dir_t *dir, avow__file_id_t *out) {
  uv_stat_t stat;
  const int err = avow__dir_stat(dir, &stat);
  if (err == 0)
    *out = avow__file_id(&stat);
  return err;
}

int avow__dir_reopen(const avow__dir_t *below, avow__file_id_t id,
                     avow__dir_t *out) {
  const avow__place_t above = { below, "..", NULL };
  uv_stat_t stat;
  int err = avow__dir_hold(above, AVOW__HOLD_LINKED, out);
  if (err == 0)
    err = avow__dir_stat(out, &stat);
  if (err == 0 && !avow__file_is(&stat, id))
    err = UV_ENOENT;
  if (err < 0)
    avow__dir_close(out);
  return err;
}
