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

static bool stat_done(avow__fs_t *op, int err) {
  if (err == 0)
    avow__fs_done(&op->req);
  return err == 0;
}

static bool stat_at_once(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  return stat_done(op,
                   avow__cached_stat(op->op.context, op->path, true, &op->req));
}

static bool lstat_at_once(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  return stat_done(op, avow__cached_stat(op->op.context, op->path, false,
                                         &op->req));
}

static bool fstat_at_once(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  return stat_done(op, avow__cached_fstat(op->op.context, op->uses[0].file,
                                          &op->req));
}

static void stat_on_pool(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  avow__fs_sent(op, uv_fs_stat(avow__fs_loop(op), &op->req, op->path,
                               avow__fs_done));
}

static void lstat_on_pool(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  avow__fs_sent(op, uv_fs_lstat(avow__fs_loop(op), &op->req, op->path,
                                avow__fs_done));
}

static void fstat_on_pool(avow__attempt_t *attempt) {
  avow__fs_t *op = avow__fs_of(attempt);
  avow__fs_sent(op, uv_fs_fstat(avow__fs_loop(op), &op->req, op->uses[0].file,
                                avow__fs_done));
}

static void stat_start(avow__fs_t *op, bool (*at_once)(avow__attempt_t *),
                       void (*on_pool)(avow__attempt_t *)) {
  if (op == NULL)
    return;
  op->result = stat_value;
  op->attempt.at_once = at_once;
  op->attempt.on_pool = on_pool;
  if (avow__fs_may_try(op))
    avow__attempt_start(op->op.context, &op->attempt);
  else
    on_pool(&op->attempt);
}

avow_promise_t *avow_fs_stat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  avow_promise_t *p;
  stat_start(avow__fs_on_path(loop, sizeof(avow__fs_t), "stat", path, &p),
             stat_at_once, stat_on_pool);
  return p;
}

avow_promise_t *avow_fs_lstat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  avow_promise_t *p;
  stat_start(avow__fs_on_path(loop, sizeof(avow__fs_t), "lstat", path, &p),
             lstat_at_once, lstat_on_pool);
  return p;
}

avow_promise_t *avow_fs_fstat(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  avow_promise_t *p;
  stat_start(avow__fs_on_file(loop, sizeof(avow__fs_t), "fstat", file, &p),
             fstat_at_once, fstat_on_pool);
  return p;
}

avow_promise_t *avow_fs_statfs(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "statfs", path, uv_fs_statfs, statfs_value);
}
