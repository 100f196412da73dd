/* SPDX-License-Identifier: MIT */
/*
 * Directories: listed at once, or opened and read in parts. An open directory
 * is an object that closes it with its last reference. libuv may run only one
 * operation on it at a time. A close therefore waits for the pending read, even
 * if the promise of that read was canceled.
 */
#include <assert.h>
#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"
#include "uv/fs.h"
#include "uv/fs_entries.h"

static avow_value_t listed(avow__fs_t *op) {
  avow__entries_t *entries = avow__entries_new((size_t) op->req.result);
  uv_dirent_t entry;
  while (entries != NULL && uv_fs_scandir_next(&op->req, &entry) == 0)
    entries = avow__entries_add(entries, &entry);
  return avow__entries_value(entries);
}

avow_promise_t *avow_fs_scandir(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), "scandir", path, &p);
  if (op == NULL)
    return p;
  op->result = listed;
  avow__fs_sent(op, uv_fs_scandir(loop, &op->req, op->path, 0, avow__fs_done));
  return p;
}

typedef struct {
  uv_dir_t *dir; /* NULL: not yet open, or closed */
  bool reading;
  avow__fs_t *closer; /* a close to start after the read */
  char path[];        /* for messages */
} dir_t;

static void fs_dir_close_dir(void *self) {
  dir_t *dir = self;
  uv_fs_t req;
  assert(dir != NULL);
  if (dir->dir == NULL)
    return;
  (void) uv_fs_closedir(NULL, &req, dir->dir, NULL); /* no caller to tell */
  uv_fs_req_cleanup(&req);
  dir->dir = NULL;
}

static const avow_class_t dir_class = { .name = "directory",
                                        .destroy = fs_dir_close_dir };

static avow_value_t dir_new(const char *path) {
  const size_t size = strlen(path) + 1;
  void *self = NULL;
  const avow_value_t v =
      avow__object_inline(&dir_class, sizeof(dir_t) + size, &self);
  dir_t *dir = self;
  if (dir != NULL) {
    *dir = (dir_t){ .dir = NULL };
    memcpy(dir->path, path, size);
  }
  return v;
}

/* The directory that `v` is; NULL if it is none. */
static dir_t *dir_of(const avow_value_t *v, const char *called) {
  if (v == NULL)
    avow__misuse_of_null_in("directory", called);
  const avow__object_t *object = v != NULL ? v->u.p : NULL;
  return v != NULL && v->tag == AVOW_OBJECT && object->klass == &dir_class
             ? object->self
             : NULL;
}

/* The directory that `v` is; `v` must be one. */
static dir_t *dir_in(const avow_value_t *v) {
  dir_t *dir = dir_of(v, AVOW__CALLED);
  assert(dir != NULL);
  return dir;
}

static avow_value_t fs_dir_opened(avow__fs_t *op) {
  const avow_value_t v = avow_steal(&op->value);
  dir_t *dir = dir_in(&v);
  dir->dir = op->req.ptr;
  return v;
}

static void fs_dir_close_again(const avow_value_t *dir) {
  fs_dir_close_dir(dir_in(dir));
}

avow_promise_t *avow_fs_opendir(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), "opendir", path, &p);
  if (op == NULL)
    return p;
  op->value = dir_new(path);
  op->result = fs_dir_opened;
  op->discard = fs_dir_close_again;
  avow__fs_sent(op,
                avow_is_error(&op->value)
                    ? UV_ENOMEM
                    : uv_fs_opendir(loop, &op->req, op->path, avow__fs_done));
  return p;
}

/* Makes an operation on an open directory and holds a reference to it. */
static avow__fs_t *on_dir(uv_loop_t *loop, const char *name,
                          const avow_value_t *v, avow_promise_t **out) {
  const dir_t *dir = dir_of(v, AVOW__CALLED);
  const bool closed = dir != NULL && (dir->dir == NULL || dir->closer != NULL);
  if (dir == NULL || closed) {
    *out = avow__refuse(loop, closed ? UV_EBADF : UV_EINVAL, name,
                        closed ? dir->path : NULL);
    return NULL;
  }
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), name, dir->path, out);
  if (op != NULL)
    op->value = avow_value_ref(v);
  return op;
}

static void fs_dir_start_close(avow__fs_t *op) {
  dir_t *dir = dir_in(&op->value);
  uv_dir_t *open = dir->dir;
  dir->dir = NULL;
  const int err =
      uv_fs_closedir(avow__fs_loop(op), &op->req, open, avow__fs_done);
  assert(err == 0); /* fails only without a directory */
  (void) err;
}

avow_promise_t *avow_fs_closedir(uv_loop_t *loop, const avow_value_t *v) {
  avow__check_ready(loop);
  avow__check_given(v, "directory");
  avow_promise_t *p;
  avow__fs_t *op = on_dir(loop, "closedir", v, &p);
  if (op == NULL)
    return p;
  dir_t *dir = dir_in(v);
  avow_on_cancel(op->op.deferred, NULL, NULL); /* it must close in any case */
  avow__op_started_on_pool(&op->op);
  if (dir->reading)
    dir->closer = op;
  else
    fs_dir_start_close(op);
  return p;
}

static avow_value_t entries_read(avow__fs_t *op) {
  const size_t n = (size_t) op->req.result;
  if (n == 0)
    return avow_none();
  const uv_dirent_t *found = op->memory;
  avow__entries_t *entries = avow__entries_new(n);
  for (size_t i = 0; entries != NULL && i < n; i++)
    entries = avow__entries_add(entries, &found[i]);
  return avow__entries_value(entries);
}

/* libuv owns the names until the request is cleaned up, and only then may the
   directory be closed. */
static void fs_dir_on_read(uv_fs_t *req) {
  const avow__fs_t *op = req->data;
  dir_t *dir = dir_in(&op->value);
  avow__fs_t *closer = dir->closer;
  dir->reading = false;
  avow__fs_done(req);
  if (closer != NULL)
    fs_dir_start_close(closer);
}

static int fs_dir_start_read(avow__fs_t *op, size_t n) {
  dir_t *dir = dir_in(&op->value);
  if (dir->reading)
    return UV_EALREADY;
  if (n == 0)
    return UV_EINVAL; /* the result would look like the end */
  if (n <= SIZE_MAX / sizeof(uv_dirent_t))
    op->memory = avow_calloc(n, sizeof(uv_dirent_t));
  if (op->memory == NULL)
    return UV_ENOMEM;
  op->result = entries_read;
  dir->dir->dirents = op->memory;
  dir->dir->nentries = n;
  dir->reading = true;
  return uv_fs_readdir(avow__fs_loop(op), &op->req, dir->dir, fs_dir_on_read);
}

avow_promise_t *avow_fs_readdir(uv_loop_t *loop, const avow_value_t *v,
                                size_t n) {
  avow__check_ready(loop);
  avow__check_given(v, "directory");
  avow_promise_t *p;
  avow__fs_t *op = on_dir(loop, "readdir", v, &p);
  if (op != NULL)
    avow__fs_sent(op, fs_dir_start_read(op, n));
  return p;
}
