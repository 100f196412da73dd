/* SPDX-License-Identifier: MIT */
/* New files with temporary names, by path. The file is closed before it is
   renamed, because Windows cannot rename an open file. */
#include "sys/temp_file.h"
#include "sys/temp_rename.h"
#include "uv/fs_blocking.h"

typedef struct {
  int mode;
  avow__fill_fn *fill;
  void *data;
} filling_t;

static int make(avow__place_t place, const void *data) {
  const filling_t *filling = data;
  const int file =
      avow__place_open(place, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL,
                       filling->mode);
  if (file < 0)
    return file;
  const int err = filling->fill(file, filling->data);
  const int close_err = avow__disk_close(file);
  return err < 0 ? err : close_err;
}

int avow__temp_file_replace(avow__place_t place, int mode, avow__fill_fn *fill,
                            void *data) {
  const filling_t filling = { mode, fill, data };
  return avow__beside(place, make, &filling);
}
