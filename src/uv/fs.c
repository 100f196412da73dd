/* SPDX-License-Identifier: MIT */
/*
 * Common parts of all file operations. If an operation is canceled while it
 * runs, its result is discarded: a file that it opened is closed, and a name
 * that it made is removed. A close of a file waits while a thread uses the
 * file.
 */
#include "uv/fs.h"

#include <assert.h>
#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"

/* A file descriptor as a key of a table. The address is never dereferenced. It
   is not NULL, which is the key of nodes that are in no table. */
static const void *key_of(uv_file file) {
  assert(file >= 0); /* with 32-bit pointers, -1 would become NULL */
  const union {
    uintptr_t number;
    const void *address;
  } key = { .number = (uintptr_t) (unsigned) file + 1 };
  return key.address;
}

/* A negative number is not a file, and no close waits for it. */
static void unfinished_add(avow__context_t *c, avow__fs_use_t *use) {
  if (use->file < 0)
    return;
  use->node.key = key_of(use->file);
  avow__table_add(&avow__files_of(c)->unfinished, &use->node);
}

static void fs_release(avow__fs_t *op) {
  avow__value_unref(op->value);
  avow_free(op->memory);
}

/* A canceled operation is unfinished until libuv calls back. A thread, or the
   kernel, which libuv can only ask to stop, may still use its files. A close
   must wait, or the number might then be that of another file. */
static void fs_cancel(void *data) {
  avow__fs_t *op = data;
  if (avow__attempt_withdraw(&op->attempt)) {
    fs_release(op);
    (void) avow__op_end(&op->op, avow_none()); /* it is rejected already */
    return;
  }
  op->canceled = true;
  (void) uv_cancel((uv_req_t *) &op->req); /* on failure, req runs on */
  for (size_t i = 0; i < op->files; i++)
    unfinished_add(op->op.context, &op->uses[i]);
}

static avow__fs_use_t *unfinished_find(avow__context_t *c, uv_file file) {
  if (file < 0)
    return NULL;
  avow__node_t *node =
      avow__table_find(&avow__files_of(c)->unfinished, key_of(file));
  return (avow__fs_use_t *) (void *) node; /* the node is its first member */
}

static void fs_start_close(avow__fs_t *op) {
  const int err =
      uv_fs_close(avow__fs_loop(op), &op->req, op->uses[0].file, avow__fs_done);
  assert(err == 0); /* fails only without a request */
  (void) err;
}

/* Removes a file of an operation from the table of unfinished ones, if it is
   there. Starts a close that waited. */
static void unfinished_done(avow__context_t *c, avow__fs_use_t *use) {
  if (use->node.key == NULL)
    return;
  avow__table_remove(&avow__files_of(c)->unfinished, &use->node);
  if (use->closer == NULL)
    return;
  avow__fs_use_t *other = unfinished_find(c, use->file);
  if (other != NULL)
    other->closer = use->closer;
  else
    fs_start_close(use->closer);
}

static void files_end(avow__context_t *c) {
  avow__table_close(&avow__files_of(c)->unfinished);
}

avow__files_t *avow__files_open(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .at_end = files_end };
  return avow__extension_open(c, AVOW__FS_EXTENSION, &subsystem,
                              sizeof(avow__files_t));
}

/* Makes an operation with `room` bytes after it, which hold two strings. */
static avow__fs_t *op_new(uv_loop_t *loop, size_t size, const char *name,
                          size_t room, avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  if (avow__files_open(c) == NULL) {
    *out = avow__no_promise(c);
    return NULL;
  }
  avow__fs_t *op = avow__op_new(loop, avow__plus(size, room), out);
  if (op == NULL)
    return NULL;
  op->name = name;
  op->req.data = op;
  avow_on_cancel(op->op.deferred, fs_cancel, op);
  return op;
}

void *avow__fs_on_paths(uv_loop_t *loop, size_t size, const char *name,
                        const char *path, const char *to,
                        avow_promise_t **out) {
  if (path == NULL || to == NULL) {
    *out = avow__refuse(loop, UV_EINVAL, name, "NULL");
    return NULL;
  }
  const size_t len = strlen(path) + 1;
  const size_t to_len = strlen(to) + 1;
  avow__fs_t *op = op_new(loop, size, name, avow__plus(len, to_len), out);
  if (op == NULL)
    return NULL;
  char *text = (char *) op + size;
  op->path = memcpy(text, path, len);
  op->to = memcpy(text + len, to, to_len);
  return op;
}

void *avow__fs_on_path(uv_loop_t *loop, size_t size, const char *name,
                       const char *path, avow_promise_t **out) {
  avow__fs_t *op = avow__fs_on_paths(loop, size, name, path, "", out);
  if (op != NULL)
    op->to = NULL;
  return op;
}

void *avow__fs_on_file(uv_loop_t *loop, size_t size, const char *name,
                       uv_file file, avow_promise_t **out) {
  avow__fs_t *op = op_new(loop, size, name, 0, out);
  if (op == NULL)
    return NULL;
  op->uses[0].file = file;
  op->files = 1;
  return op;
}

avow_value_t avow__fs_failure(const avow__fs_t *op, int code) {
  const char *text = avow_strerror(code);
  if (op->to != NULL)
    return avow_error_new(code, avow_none(), "%s '%s' to '%s': %s", op->name,
                          op->path, op->to, text);
  if (op->files == 2)
    return avow_error_new(code, avow_none(), "%s file %d to file %d: %s",
                          op->name, (int) op->uses[0].file,
                          (int) op->uses[1].file, text);
  if (op->files == 1)
    return avow_error_new(code, avow_none(), "%s file %d: %s", op->name,
                          (int) op->uses[0].file, text);
  return avow__error_of(code, op->name, op->path);
}

void avow__fs_sent(avow__fs_t *op, int err) {
  if (err >= 0) {
    avow__op_started_on_pool(&op->op);
    return;
  }
  uv_fs_req_cleanup(&op->req);
  fs_release(op);
  (void) avow__op_end(&op->op, avow__fs_failure(op, err)); /* not canceled */
}

static void fs_end(avow__fs_t *op, avow_value_t v) {
  for (size_t i = 0; i < op->files; i++)
    unfinished_done(op->op.context, &op->uses[i]);
  fs_release(op);
  avow__op_complete(&op->op, v);
}

void avow__fs_complete(avow__fs_t *op, avow_value_t v) {
  uv_fs_req_cleanup(&op->req);
  fs_end(op, v);
}

static void discard_work(uv_work_t *work) {
  const avow__fs_t *op = work->data;
  op->discard(&op->value);
}

static void on_discarded(uv_work_t *work, int status) {
  fs_end(work->data, avow_none());
}

/* Undoes the result of a canceled operation, because no other code will close
   or remove it. */
static void discard(avow__fs_t *op) {
  op->value = op->result(op);
  uv_fs_req_cleanup(&op->req);
  op->work.data = op;
  (void) uv_queue_work(avow__fs_loop(op), &op->work, discard_work,
                       on_discarded); /* fails only without a function */
}

static avow_value_t fs_outcome(avow__fs_t *op) {
  if (op->canceled)
    return avow_none();
  if (op->req.result < 0)
    return avow__fs_failure(op, (int) op->req.result);
  return op->result != NULL ? op->result(op) : avow_none();
}

void avow__fs_done(uv_fs_t *req) {
  avow__fs_t *op = req->data;
  if (op->canceled && op->discard != NULL && req->result >= 0)
    discard(op);
  else
    avow__fs_complete(op, fs_outcome(op));
}

avow_promise_t *avow__fs_call_path(uv_loop_t *loop, const char *name,
                                   const char *path,
                                   int (*fn)(uv_loop_t *, uv_fs_t *,
                                             const char *, uv_fs_cb),
                                   avow_value_t (*result)(avow__fs_t *)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_path(loop, sizeof(*op), name, path, &p);
  if (op == NULL)
    return p;
  op->result = result;
  avow__fs_sent(op, fn(loop, &op->req, op->path, avow__fs_done));
  return p;
}

avow_promise_t *avow__fs_call_file(uv_loop_t *loop, const char *name,
                                   uv_file file,
                                   int (*fn)(uv_loop_t *, uv_fs_t *, uv_file,
                                             uv_fs_cb),
                                   avow_value_t (*result)(avow__fs_t *)) {
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), name, file, &p);
  if (op == NULL)
    return p;
  op->result = result;
  avow__fs_sent(op, fn(loop, &op->req, file, avow__fs_done));
  return p;
}

/* A request without a callback is a blocking call. */
void avow__fs_close_now(uv_file file) {
  uv_fs_t req;
  (void) uv_fs_close(NULL, &req, file, NULL); /* no caller to tell */
  uv_fs_req_cleanup(&req);
}

avow_promise_t *avow_fs_close(uv_loop_t *loop, uv_file file) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow__fs_t *op = avow__fs_on_file(loop, sizeof(*op), "close", file, &p);
  if (op == NULL) {
    avow__fs_close_now(file); /* it must close in any case */
    return p;
  }
  avow_on_cancel(op->op.deferred, NULL, NULL); /* it must close in any case */
  avow__op_started_on_pool(&op->op);
  avow__fs_use_t *unfinished = unfinished_find(op->op.context, file);
  if (unfinished != NULL && unfinished->closer == NULL)
    unfinished->closer = op;
  else
    fs_start_close(op);
  return p;
}
