/* SPDX-License-Identifier: MIT */
/* The file requests of libuv. */
#include <string.h>

#include "sim/disk_files.h"
#include "sim/uv_fs_req.h"
#include "sim/world.h"

SIM_ANCHOR(fs)

enum { SMALL = sizeof(((uv_fs_t *) NULL)->bufsml) / sizeof(uv_buf_t) };

static int on_path(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                   const char *path, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, type, path, NULL, cb);
  return sim_fs_go(req);
}

int uv_fs_unlink(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_UNLINK, path, cb);
}

int uv_fs_rmdir(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_RMDIR, path, cb);
}

int uv_fs_stat(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_STAT, path, cb);
}

int uv_fs_lstat(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_LSTAT, path, cb);
}

int uv_fs_statfs(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_STATFS, path, cb);
}

int uv_fs_readlink(uv_loop_t *loop, uv_fs_t *req, const char *path,
                   uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_READLINK, path, cb);
}

int uv_fs_realpath(uv_loop_t *loop, uv_fs_t *req, const char *path,
                   uv_fs_cb cb) {
  return on_path(loop, req, UV_FS_REALPATH, path, cb);
}

/* Requests with a path and a number. */

static int with_mode(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                     const char *path, int mode, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, type, path, NULL, cb);
  req->mode = (mode_t) mode;
  return sim_fs_go(req);
}

int uv_fs_mkdir(uv_loop_t *loop, uv_fs_t *req, const char *path, int mode,
                uv_fs_cb cb) {
  return with_mode(loop, req, UV_FS_MKDIR, path, mode, cb);
}

int uv_fs_chmod(uv_loop_t *loop, uv_fs_t *req, const char *path, int mode,
                uv_fs_cb cb) {
  return with_mode(loop, req, UV_FS_CHMOD, path, mode, cb);
}

int uv_fs_access(uv_loop_t *loop, uv_fs_t *req, const char *path, int flags,
                 uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_ACCESS, path, NULL, cb);
  req->flags = flags;
  return sim_fs_go(req);
}

int uv_fs_open(uv_loop_t *loop, uv_fs_t *req, const char *path, int flags,
               int mode, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_OPEN, path, NULL, cb);
  req->flags = flags;
  req->mode = (mode_t) mode;
  return sim_fs_go(req);
}

static int with_owner(uv_fs_t *req, uv_uid_t user, uv_gid_t group) {
  req->uid = user;
  req->gid = group;
  return sim_fs_go(req);
}

int uv_fs_chown(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_uid_t user,
                uv_gid_t group, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_CHOWN, path, NULL, cb);
  return with_owner(req, user, group);
}

int uv_fs_lchown(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_uid_t user,
                 uv_gid_t group, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_LCHOWN, path, NULL, cb);
  return with_owner(req, user, group);
}

static int with_times(uv_fs_t *req, double accessed, double modified) {
  req->atime = accessed;
  req->mtime = modified;
  return sim_fs_go(req);
}

int uv_fs_utime(uv_loop_t *loop, uv_fs_t *req, const char *path, double atime,
                double mtime, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_UTIME, path, NULL, cb);
  return with_times(req, atime, mtime);
}

int uv_fs_lutime(uv_loop_t *loop, uv_fs_t *req, const char *path, double atime,
                 double mtime, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_LUTIME, path, NULL, cb);
  return with_times(req, atime, mtime);
}

/* Requests with two paths. */

int uv_fs_rename(uv_loop_t *loop, uv_fs_t *req, const char *path,
                 const char *new_path, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_RENAME, path, new_path, cb);
  return sim_fs_go(req);
}

int uv_fs_link(uv_loop_t *loop, uv_fs_t *req, const char *path,
               const char *new_path, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_LINK, path, new_path, cb);
  return sim_fs_go(req);
}

int uv_fs_symlink(uv_loop_t *loop, uv_fs_t *req, const char *path,
                  const char *new_path, int flags, uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_SYMLINK, path, new_path, cb);
  req->flags = flags;
  return sim_fs_go(req);
}

/* Requests on an open file. */

static void begin_on_file(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                          uv_file file, uv_fs_cb cb) {
  sim_fs_begin(loop, req, type, cb);
  req->file = file;
}

int uv_fs_close(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_CLOSE, file, cb);
  return sim_fs_go(req);
}

int uv_fs_fsync(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FSYNC, file, cb);
  return sim_fs_go(req);
}

int uv_fs_fdatasync(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FDATASYNC, file, cb);
  return sim_fs_go(req);
}

int uv_fs_fstat(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FSTAT, file, cb);
  return sim_fs_go(req);
}

int uv_fs_ftruncate(uv_loop_t *loop, uv_fs_t *req, uv_file file, int64_t len,
                    uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FTRUNCATE, file, cb);
  req->off = len;
  return sim_fs_go(req);
}

int uv_fs_fchmod(uv_loop_t *loop, uv_fs_t *req, uv_file file, int mode,
                 uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FCHMOD, file, cb);
  req->mode = (mode_t) mode;
  return sim_fs_go(req);
}

int uv_fs_fchown(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_uid_t user,
                 uv_gid_t group, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FCHOWN, file, cb);
  return with_owner(req, user, group);
}

int uv_fs_futime(uv_loop_t *loop, uv_fs_t *req, uv_file file, double atime,
                 double mtime, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_FUTIME, file, cb);
  return with_times(req, atime, mtime);
}

static int with_bytes(uv_fs_t *req, const uv_buf_t *bufs, unsigned n,
                      int64_t offset) {
  if (bufs == NULL || n == 0)
    return UV_EINVAL;
  req->bufs = n <= SMALL ? req->bufsml : sim_alloc(n * sizeof(*bufs));
  memcpy(req->bufs, bufs, n * sizeof(*bufs));
  req->nbufs = n;
  req->off = offset;
  return sim_fs_go(req);
}

/* NOLINTNEXTLINE(readability-function-size): as libuv has it */
int uv_fs_read(uv_loop_t *loop, uv_fs_t *req, uv_file file,
               const uv_buf_t bufs[], unsigned int n, int64_t offset,
               uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_READ, file, cb);
  return with_bytes(req, bufs, n, offset);
}

/* NOLINTNEXTLINE(readability-function-size): as libuv has it */
int uv_fs_write(uv_loop_t *loop, uv_fs_t *req, uv_file file,
                const uv_buf_t bufs[], unsigned int n, int64_t offset,
                uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_WRITE, file, cb);
  return with_bytes(req, bufs, n, offset);
}

/* The source file and the length are in the same fields as in libuv. */
/* NOLINTNEXTLINE(readability-function-size): as libuv has it */
int uv_fs_sendfile(uv_loop_t *loop, uv_fs_t *req, uv_file to, uv_file from,
                   int64_t offset, size_t len, uv_fs_cb cb) {
  begin_on_file(loop, req, UV_FS_SENDFILE, to, cb);
  req->flags = from;
  req->off = offset;
  req->bufsml[0].len = len;
  return sim_fs_go(req);
}

/* Simulated streams have no descriptor numbers, so only files are
   recognized. */
uv_handle_type uv_guess_handle(uv_file file) {
  return sim_disk_file(file) != NULL ? UV_FILE : UV_UNKNOWN_HANDLE;
}
