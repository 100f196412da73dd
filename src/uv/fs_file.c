/* SPDX-License-Identifier: MIT */
/*
 * Operations on open files, except reading and writing. A file that is opened
 * too late is closed again.
 */
#include "uv/fs.h"

static avow_value_t fs_file_opened(avow__fs_t *op) {
  return avow_int(op->req.result);
}

static void fs_file_close_again(const avow_value_t *file) {
  avow__fs_close_now((uv_file) file->u.i);
}

avow_promise_t *avow_fs_open(uv_loop_t *loop, const char *path, int flags,
                             int mode) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), "open", path, &p);
  if (op == NULL)
    return p;
  op->result = fs_file_opened;
  op->discard = fs_file_close_again;
  avow__fs_sent(op, uv_fs_open(loop, &op->req, op->path, flags, mode,
                               avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_fsync(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  return avow__fs_call_file(loop, "fsync", file, uv_fs_fsync, NULL);
}

avow_promise_t *avow_fs_fdatasync(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  return avow__fs_call_file(loop, "fdatasync", file, uv_fs_fdatasync, NULL);
}

avow_promise_t *avow_fs_ftruncate(uv_loop_t *loop, uv_file file, int64_t len) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), "ftruncate", file, &p);
  if (op != NULL)
    avow__fs_sent(op,
                  uv_fs_ftruncate(loop, &op->req, file, len, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_fchmod(uv_loop_t *loop, uv_file file, int mode) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), "fchmod", file, &p);
  if (op != NULL)
    avow__fs_sent(op, uv_fs_fchmod(loop, &op->req, file, mode, avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_futime(uv_loop_t *loop, uv_file file, double atime,
                               double mtime) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), "futime", file, &p);
  if (op != NULL)
    avow__fs_sent(op, uv_fs_futime(loop, &op->req, file, atime, mtime,
                                   avow__fs_done));
  return p;
}

avow_promise_t *avow_fs_fchown(uv_loop_t *loop, uv_file file, uv_uid_t uid,
                               uv_gid_t gid) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), "fchown", file, &p);
  if (op != NULL)
    avow__fs_sent(op,
                  uv_fs_fchown(loop, &op->req, file, uid, gid, avow__fs_done));
  return p;
}
