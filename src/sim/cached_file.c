/* SPDX-License-Identifier: MIT */
/*
 * Replaces uv/cached_file.c: the seed chooses what is in the page cache. That
 * is read from the simulated disk at once.
 */
#include "sim/seam.h"

#include "sim/chance.h"
#include "uv/fs_blocking.h"

static bool is_cached(void) {
  return sim_choose(2, "disk.cached") != 0;
}

bool avow__cached_is_there(void) {
  return true;
}

static int size_of_file(uv_file file, uint64_t *size) {
  uv_stat_t stat;
  const int err = avow__disk_fstat(file, &stat);
  if (err < 0)
    return err;
  *size = stat.st_size;
  return avow__disk_type(&stat) == UV_DIRENT_FILE && *size <= AVOW__CACHED_MOST
             ? 0
             : UV_EAGAIN;
}

int avow__cached_open(avow__context_t *c, const char *path, uint64_t *size) {
  const int file =
      is_cached() ? avow__disk_open(path, UV_FS_O_RDONLY, 0) : UV_EAGAIN;
  const int err = file < 0 ? file : size_of_file(file, size);
  if (err == 0)
    return file;
  if (file >= 0)
    avow__cached_close(file);
  return err;
}

void avow__cached_close(uv_file file) {
  (void) avow__disk_close(file); /* it was only read from */
}

int avow__cached_read(uv_file file, char *data, size_t len, uint64_t offset) {
  uv_fs_t req;
  const uv_buf_t buf = uv_buf_init(data, (unsigned) len);
  if (!is_cached())
    return UV_EAGAIN;
  const int n = uv_fs_read(NULL, &req, file, &buf, 1, (int64_t) offset, NULL);
  uv_fs_req_cleanup(&req);
  return n;
}

/* Calls a function without a loop. After a failure, nothing is left in req. */
static int ended(uv_fs_t *req, int err) {
  if (err < 0)
    uv_fs_req_cleanup(req);
  return err;
}

int avow__cached_stat(avow__context_t *c, const char *path, bool follows,
                      uv_fs_t *req) {
  if (!is_cached())
    return UV_EAGAIN;
  return ended(req,
               (follows ? uv_fs_stat : uv_fs_lstat)(NULL, req, path, NULL));
}

int avow__cached_fstat(avow__context_t *c, uv_file file, uv_fs_t *req) {
  return is_cached() ? ended(req, uv_fs_fstat(NULL, req, file, NULL))
                     : UV_EAGAIN;
}
