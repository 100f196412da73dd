/* SPDX-License-Identifier: MIT */
/* Copies a file by its path with libuv's call, which copies attributes too. */
#include <string.h>

#include "base/alloc.h"
#include "sys/copy_file.h"

int avow__original_open_file(avow__place_t place, uv_stat_t *stat,
                             avow__original_t *out) {
  const size_t size = strlen(place.path) + 1;
  out->text = avow_malloc(size);
  if (out->text == NULL)
    return UV_ENOMEM;
  memcpy(out->text, place.path, size);
  return 0;
}

int avow__copy_file(const avow__copying_t *c, avow__place_t to) {
  uv_fs_t req;
  const int err = uv_fs_copyfile(NULL, &req, c->original->text, to.path,
                                 UV_FS_COPYFILE_EXCL, NULL);
  uv_fs_req_cleanup(&req);
  return err == 0 && c->options->keep == AVOW_KEEP_ALL
             ? avow__place_lutime(to, c->stat)
             : err;
}
