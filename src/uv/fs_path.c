/* SPDX-License-Identifier: MIT */
/*
 * Operations on names, which fulfill with NONE. Most call one function of
 * libuv, and many of these have the same parameters.
 */
#include "uv/fs.h"

avow_promise_t *avow_fs_unlink(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "unlink", path, uv_fs_unlink, NULL);
}

avow_promise_t *avow_fs_rmdir(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "rmdir", path, uv_fs_rmdir, NULL);
}

static avow_promise_t *call_with_mode(uv_loop_t *loop, const char *name,
                                      const char *path, int mode,
                                      int (*fn)(uv_loop_t *, uv_fs_t *,
                                                const char *, int, uv_fs_cb)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), name, path, &p);
  if (op != NULL)
    avow__fs_sent(op, fn(loop, &op->req, op->path, mode, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_mkdir(uv_loop_t *loop, const char *path, int mode) {
  avow__check_ready(loop);
  return call_with_mode(loop, "mkdir", path, mode, uv_fs_mkdir);
}

avow_promise_t *avow_fs_chmod(uv_loop_t *loop, const char *path, int mode) {
  avow__check_ready(loop);
  return call_with_mode(loop, "chmod", path, mode, uv_fs_chmod);
}

avow_promise_t *avow_fs_access(uv_loop_t *loop, const char *path, int mode) {
  avow__check_ready(loop);
  return call_with_mode(loop, "access", path, mode, uv_fs_access);
}

static avow_promise_t *call_with_times(
    uv_loop_t *loop, const char *name, const char *path, double atime,
    double mtime,
    int (*fn)(uv_loop_t *, uv_fs_t *, const char *, double, double, uv_fs_cb)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), name, path, &p);
  if (op != NULL)
    avow__fs_sent(op,
                  fn(loop, &op->req, op->path, atime, mtime, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_utime(uv_loop_t *loop, const char *path, double atime,
                              double mtime) {
  avow__check_ready(loop);
  return call_with_times(loop, "utime", path, atime, mtime, uv_fs_utime);
}

avow_promise_t *avow_fs_lutime(uv_loop_t *loop, const char *path, double atime,
                               double mtime) {
  avow__check_ready(loop);
  return call_with_times(loop, "lutime", path, atime, mtime, uv_fs_lutime);
}

static avow_promise_t *call_with_owner(uv_loop_t *loop, const char *name,
                                       const char *path, uv_uid_t uid,
                                       uv_gid_t gid,
                                       int (*fn)(uv_loop_t *, uv_fs_t *,
                                                 const char *, uv_uid_t,
                                                 uv_gid_t, uv_fs_cb)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), name, path, &p);
  if (op != NULL)
    avow__fs_sent(op, fn(loop, &op->req, op->path, uid, gid, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_chown(uv_loop_t *loop, const char *path, uv_uid_t uid,
                              uv_gid_t gid) {
  avow__check_ready(loop);
  return call_with_owner(loop, "chown", path, uid, gid, uv_fs_chown);
}

avow_promise_t *avow_fs_lchown(uv_loop_t *loop, const char *path, uv_uid_t uid,
                               uv_gid_t gid) {
  avow__check_ready(loop);
  return call_with_owner(loop, "lchown", path, uid, gid, uv_fs_lchown);
}

static avow_promise_t *call_with_two(
    uv_loop_t *loop, const char *name, const char *path, const char *to,
    int (*fn)(uv_loop_t *, uv_fs_t *, const char *, const char *, uv_fs_cb)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_paths(loop, sizeof(*op), name, path, to, &p);
  if (op != NULL)
    avow__fs_sent(op, fn(loop, &op->req, op->path, op->to, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_rename(uv_loop_t *loop, const char *from,
                               const char *to) {
  avow__check_ready(loop);
  return call_with_two(loop, "rename", from, to, uv_fs_rename);
}

avow_promise_t *avow_fs_link(uv_loop_t *loop, const char *path,
                             const char *link) {
  avow__check_ready(loop);
  return call_with_two(loop, "link", path, link, uv_fs_link);
}

static avow_promise_t *call_with_two_and_flags(
    uv_loop_t *loop, const char *name, const char *path, const char *to,
    int flags,
    int (*fn)(uv_loop_t *, uv_fs_t *, const char *, const char *, int,
              uv_fs_cb)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_paths(loop, sizeof(*op), name, path, to, &p);
  if (op != NULL)
    avow__fs_sent(op,
                  fn(loop, &op->req, op->path, op->to, flags, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_symlink(uv_loop_t *loop, const char *target,
                                const char *link, int flags) {
  avow__check_ready(loop);
  return call_with_two_and_flags(loop, "symlink", target, link, flags,
                                 uv_fs_symlink);
}

avow_promise_t *avow_fs_copyfile(uv_loop_t *loop, const char *from,
                                 const char *to, int flags) {
  avow__check_ready(loop);
  return call_with_two_and_flags(loop, "copyfile", from, to, flags,
                                 uv_fs_copyfile);
}
