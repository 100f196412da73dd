/* SPDX-License-Identifier: MIT */
/*
 * Attributes of files and of file systems, copied into objects.
 */
#include <string.h>

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

avow_promise_t *avow_fs_stat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "stat", path, uv_fs_stat, stat_value);
}

avow_promise_t *avow_fs_lstat(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "lstat", path, uv_fs_lstat, stat_value);
}

avow_promise_t *avow_fs_fstat(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  return avow__fs_call_file(loop, "fstat", file, uv_fs_fstat, stat_value);
}

avow_promise_t *avow_fs_statfs(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "statfs", path, uv_fs_statfs, statfs_value);
}
