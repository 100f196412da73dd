/* SPDX-License-Identifier: MIT */
/*
 * Blocking calls on files. Each releases what libuv stored in its request
 * before it returns.
 */
#include "uv/fs_blocking.h"

#include <string.h>

#include "base/alloc.h"

/* Limit in bytes of one call. A stop flag is checked between calls, so none may
   take long. */
enum { AT_ONCE = 1 << 20 };

static int done(uv_fs_t *req, int result) {
  uv_fs_req_cleanup(req);
  return result;
}

int avow__disk_open(const char *path, int flags, int mode) {
  uv_fs_t req;
  return done(&req, uv_fs_open(NULL, &req, path, flags, mode, NULL));
}

int avow__disk_close(uv_file file) {
  uv_fs_t req;
  return done(&req, uv_fs_close(NULL, &req, file, NULL));
}

static uv_buf_t disk_buffer(char *data, size_t len) {
  return uv_buf_init(data, len < AT_ONCE ? (unsigned) len : AT_ONCE);
}

int avow__disk_read(uv_file file, char *data, size_t room) {
  const uv_buf_t buf = disk_buffer(data, room);
  int n;
  do { /* libuv leaves the retry to the caller */
    uv_fs_t req;
    n = done(&req, uv_fs_read(NULL, &req, file, &buf, 1, -1, NULL));
  } while (n == UV_EINTR);
  return n;
}

int avow__disk_write(uv_file file, char *data, size_t len) {
  const uv_buf_t buf = disk_buffer(data, len);
  uv_fs_t req;
  const int n = done(&req, uv_fs_write(NULL, &req, file, &buf, 1, -1, NULL));
  return n == 0 ? UV_EIO : n; /* the file accepts no bytes without an error */
}

int avow__disk_send(uv_file to, uv_file from, uint64_t offset, uint64_t len) {
  const size_t n = len < AT_ONCE ? (size_t) len : AT_ONCE;
  uv_fs_t req;
  return done(&req,
              uv_fs_sendfile(NULL, &req, to, from, (int64_t) offset, n, NULL));
}

int avow__disk_fsync(uv_file file) {
  uv_fs_t req;
  return done(&req, uv_fs_fsync(NULL, &req, file, NULL));
}

int avow__disk_ftruncate(uv_file file, uint64_t len) {
  uv_fs_t req;
  return done(&req, uv_fs_ftruncate(NULL, &req, file, (int64_t) len, NULL));
}

int avow__disk_fchmod(uv_file file, int mode) {
  uv_fs_t req;
  return done(&req, uv_fs_fchmod(NULL, &req, file, mode, NULL));
}

/* After a failure, libuv has not filled in the request. */
static int done_stat(uv_fs_t *req, int err, uv_stat_t *out) {
  if (err == 0)
    *out = req->statbuf;
  return done(req, err);
}

int avow__disk_fstat(uv_file file, uv_stat_t *out) {
  uv_fs_t req;
  return done_stat(&req, uv_fs_fstat(NULL, &req, file, NULL), out);
}

int avow__disk_stat(const char *path, uv_stat_t *out) {
  uv_fs_t req;
  return done_stat(&req, uv_fs_stat(NULL, &req, path, NULL), out);
}

int avow__disk_lstat(const char *path, uv_stat_t *out) {
  uv_fs_t req;
  return done_stat(&req, uv_fs_lstat(NULL, &req, path, NULL), out);
}

int avow__disk_mkdir(const char *path, int mode) {
  uv_fs_t req;
  return done(&req, uv_fs_mkdir(NULL, &req, path, mode, NULL));
}

int avow__disk_mkdtemp(char *template) {
  uv_fs_t req;
  const int err = uv_fs_mkdtemp(NULL, &req, template, NULL);
  if (err == 0)
    memcpy(template, req.path, strlen(template));
  return done(&req, err);
}

int avow__disk_rmdir(const char *path) {
  uv_fs_t req;
  return done(&req, uv_fs_rmdir(NULL, &req, path, NULL));
}

/* The numbers are the same on all systems, but some systems lack some of the
   names. */
uv_dirent_type_t avow__disk_type_of(uint64_t mode) {
  static const uv_dirent_type_t types[0170000 / 010000 + 1] = {
    [001] = UV_DIRENT_FIFO,   [002] = UV_DIRENT_CHAR, [004] = UV_DIRENT_DIR,
    [006] = UV_DIRENT_BLOCK,  [010] = UV_DIRENT_FILE, [012] = UV_DIRENT_LINK,
    [014] = UV_DIRENT_SOCKET, /* others are UV_DIRENT_UNKNOWN, which is 0 */
  };
  return types[(mode & 0170000) / 010000];
}

uv_dirent_type_t avow__disk_type(const uv_stat_t *stat) {
  return avow__disk_type_of(stat->st_mode);
}

size_t avow__disk_name_at(const char *path) {
  size_t at = avow__disk_trimmed(path);
  while (at > 0 && !avow__disk_is_slash(path[at - 1]))
    at--;
  return at;
}

size_t avow__disk_trimmed(const char *path) {
  size_t len = strlen(path);
  while (len > 1 && avow__disk_is_slash(path[len - 1]))
    len--;
  return len;
}
