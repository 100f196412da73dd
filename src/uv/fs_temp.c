/* SPDX-License-Identifier: MIT */
/*
 * Operations that find or make a name. The value of a new name is allocated
 * before the operation starts, so that a made name cannot be lost for lack of
 * memory. A name that is made too late is removed again, because the program
 * cannot learn it.
 */
#include <string.h>

#include "uv/fs.h"

static avow_value_t found(avow__fs_t *op) {
  return avow_string(op->req.ptr);
}

avow_promise_t *avow_fs_readlink(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "readlink", path, uv_fs_readlink, found);
}

avow_promise_t *avow_fs_realpath(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  return avow__fs_call_path(loop, "realpath", path, uv_fs_realpath, found);
}

/* The name and its template differ only in letters. */
static avow_value_t made_dir(avow__fs_t *op) {
  memcpy(((avow__bytes_t *) op->value.u.p)->data, op->req.path,
         strlen(op->path));
  return avow_steal(&op->value);
}

static void fs_name_remove_dir(const avow_value_t *path) {
  uv_fs_t req;
  (void) uv_fs_rmdir(NULL, &req, avow_to_bytes(path, NULL), NULL); /* ignored */
  uv_fs_req_cleanup(&req);
}

avow_promise_t *avow_fs_mkdtemp(uv_loop_t *loop, const char *pattern) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), "mkdtemp", pattern, &p);
  if (op == NULL)
    return p;
  op->value = avow_string(pattern);
  op->result = made_dir;
  op->discard = fs_name_remove_dir;
  avow__fs_sent(op,
                avow_is_error(&op->value)
                    ? UV_ENOMEM
                    : uv_fs_mkdtemp(loop, &op->req, op->path, avow__fs_done));
  return p;
}

typedef struct {
  avow_temp_file_t temp;
  char path[];
} temp_file_t;

static const avow_class_t temp_file_class = { .name = "temporary file",
                                              .sendable = true };

const avow_temp_file_t *avow_to_temp_file(const avow_value_t *v) {
  return avow__to_object(v, &temp_file_class);
}

static temp_file_t *temp_file_of(const avow_value_t *v) {
  return ((avow__object_t *) v->u.p)->self;
}

static avow_value_t temp_file_new(const char *pattern) {
  const size_t size = strlen(pattern) + 1;
  void *self = NULL;
  const avow_value_t v =
      avow__object_inline(&temp_file_class, sizeof(temp_file_t) + size, &self);
  temp_file_t *file = self;
  if (file != NULL) {
    file->temp.path = memcpy(file->path, pattern, size);
    file->temp.file = -1;
  }
  return v;
}

static avow_value_t made_file(avow__fs_t *op) {
  temp_file_t *file = temp_file_of(&op->value);
  memcpy(file->path, op->req.path, strlen(op->path));
  file->temp.file = (uv_file) op->req.result;
  return avow_steal(&op->value);
}

static void remove_file(const avow_value_t *v) {
  const temp_file_t *file = temp_file_of(v);
  uv_fs_t req;
  avow__fs_close_now(file->temp.file);
  (void) uv_fs_unlink(NULL, &req, file->path, NULL); /* no caller to tell */
  uv_fs_req_cleanup(&req);
}

avow_promise_t *avow_fs_mkstemp(uv_loop_t *loop, const char *pattern) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), "mkstemp", pattern, &p);
  if (op == NULL)
    return p;
  op->value = temp_file_new(pattern);
  op->result = made_file;
  op->discard = remove_file;
  avow__fs_sent(op,
                avow_is_error(&op->value)
                    ? UV_ENOMEM
                    : uv_fs_mkstemp(loop, &op->req, op->path, avow__fs_done));
  return p;
}
