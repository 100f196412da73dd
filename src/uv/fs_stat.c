/* SPDX-License-Identifier: MIT */
/*
 * Attributes of files and of file systems, copied into objects.
 */
#include <string.h>

#include "uv/cached_file.h"
#include "uv/fs.h"

static const avow_class_t stat_class = { .name = "stat", .sendable = true };
static const avow_class_t statfs_class = { .name = "statfs", .sendable = true };

const uv_stat_t *avow_to_stat(const avow_value_t *v) {
  return avow__to_object(v, &stat_class);
}

const uv_statfs_t *avow_to_statfs(const avow_value_t *v) {
  return avow__to_object(v, &statfs_class);
}

static avow_value_t copy_of(const avow_class_t *klass, const void *data,
                            size_t size) {
  void *copy = NULL;
  const avow_value_t v = avow__object_inline(klass, size, &copy);
  if (copy != NULL)
    memcpy(copy, data, size);
  return v;
}

static avow_value_t stat_value(avow__fs_t *op) {
  return copy_of(&stat_class, &op->req.statbuf, sizeof(uv_stat_t));
}

static avow_value_t statfs_value(avow__fs_t *op) {
  return copy_of(&statfs_class, op->req.ptr, sizeof(uv_statfs_t));
}

typedef struct {
  avow__fs_t fs;
  /* uv_fs_stat() or uv_fs_lstat(); not for an open file */
  int (*by_path)(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);
} stat_t;

static bool stat_at_once(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  const bool follows = ((const stat_t *) op)->by_path == uv_fs_stat;
  avow__context_t *c = op->op.context;
  const int err = op->files > 0
                      ? avow__cached_fstat(c, op->uses[0].file, &op->req)
                      : avow__cached_stat(c, op->path, follows, &op->req);
  if (err == 0)
    avow__fs_done(&op->req);
  return err == 0;
}

static void stat_on_pool(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  uv_loop_t *loop = avow__fs_loop(op);
  const stat_t *stat = (const stat_t *) op;
  avow__fs_sent(op, op->files > 0 ? uv_fs_fstat(loop, &op->req,
                                                op->uses[0].file, avow__fs_done)
                                  : stat->by_path(loop, &op->req, op->path,
                                                  avow__fs_done));
}

static void stat_start(avow__fs_t *op) {
  op->result = stat_value;
  op->attempt.at_once = stat_at_once;
  op->attempt.on_pool = stat_on_pool;
  avow__fs_start(op);
}

static avow_promise_t *stat_path(uv_loop_t *loop, const char *name,
                                 const char *path,
                                 int (*fn)(uv_loop_t *, uv_fs_t *, const char *,
                                           uv_fs_cb)) {
  avow_promise_t *p;
  stat_t *stat = avow__fs_on_path(loop, sizeof(*stat), name, path, &p);
  if (stat == NULL)
    return p;
  stat->by_path = fn;
  stat_start(&stat->fs);
  return p;
}

avow_promise_t *avow_fs_stat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return stat_path(loop, "stat", path, uv_fs_stat);
}

avow_promise_t *avow_fs_lstat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return stat_path(loop, "lstat", path, uv_fs_lstat);
}

avow_promise_t *avow_fs_fstat(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  avow_promise_t *p;
  stat_t *stat = avow__fs_on_file(loop, sizeof(*stat), "fstat", file, &p);
  if (stat != NULL)
    stat_start(&stat->fs);
  return p;
}

avow_promise_t *avow_fs_statfs(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "statfs", path, uv_fs_statfs, statfs_value);
}
