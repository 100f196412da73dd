/* SPDX-License-Identifier: MIT */
/*
 * Plain calls on paths, where nothing goes by directories that are held open.
 */
#include <string.h>

#include "base/alloc.h"
#include "uv/fs_sync.h"

static int done(uv_fs_t *req, int result) {
  uv_fs_req_cleanup(req);
  return result;
}

int avow__disk_chmod(const char *path, int mode) {
  uv_fs_t req;
  return done(&req, uv_fs_chmod(NULL, &req, path, mode, NULL));
}

int avow__disk_unlink(const char *path) {
  uv_fs_t req;
  return done(&req, uv_fs_unlink(NULL, &req, path, NULL));
}

int avow__disk_rename(const char *from, const char *to) {
  uv_fs_t req;
  return done(&req, uv_fs_rename(NULL, &req, from, to, NULL));
}

int avow__disk_copyfile(const char *from, const char *to) {
  uv_fs_t req;
  return done(&req,
              uv_fs_copyfile(NULL, &req, from, to, UV_FS_COPYFILE_EXCL, NULL));
}

static double seconds(uv_timespec_t time) {
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

int avow__disk_lutime(const char *path, const uv_stat_t *stat) {
  uv_fs_t req;
  return done(&req, uv_fs_lutime(NULL, &req, path, seconds(stat->st_atim),
                                 seconds(stat->st_mtim), NULL));
}

int avow__disk_utime(const char *path, const uv_stat_t *stat) {
  uv_fs_t req;
  return done(&req, uv_fs_utime(NULL, &req, path, seconds(stat->st_atim),
                                seconds(stat->st_mtim), NULL));
}

int avow__disk_symlink(const char *path, const char *new_path) {
  uv_fs_t req;
  return done(&req, uv_fs_symlink(NULL, &req, path, new_path, 0, NULL));
}

int avow__disk_readlink(const char *path, char **out) {
  uv_fs_t req;
  const int err = uv_fs_readlink(NULL, &req, path, NULL);
  if (err < 0)
    return done(&req, err);
  const size_t size = strlen(req.ptr) + 1;
  *out = avow_malloc(size);
  if (*out != NULL)
    memcpy(*out, req.ptr, size);
  return done(&req, *out != NULL ? 0 : UV_ENOMEM);
}
