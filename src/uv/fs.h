/* SPDX-License-Identifier: MIT */
/*
 * Requests of libuv's file system. An operation owns its paths, its memory and
 * its value; it begins with avow__fs_on_path() and its like, is handed to
 * libuv, and ends in avow__fs_done() or avow__fs_complete().
 */
#ifndef AVOW_FS_PRIVATE_H
#define AVOW_FS_PRIVATE_H

#include "avow/fs.h"
#include "engine/extension.h"
#include "uv/op.h"

typedef struct avow__fs_s avow__fs_t;

/* What operations on files keep for a loop. */
typedef struct avow__files_s {
  avow__extension_t extension;
  avow__table_t stragglers;  /* requests that outlive their promises, by file */
  uint64_t events_iteration; /* in which events of watches came last */
  uint32_t events;           /* that came in it */
} avow__files_t;

enum { AVOW__FS_EXTENSION = 4 };

/* NULL without memory. */
avow__files_t *avow__files_open(avow__context_t *c);

static inline avow__files_t *avow__files_of(const avow__context_t *c) {
  return (avow__files_t *) c->extensions[AVOW__FS_EXTENSION];
}

/* A file that an operation is on. */
typedef struct {
  avow__node_t node;  /* of a straggler, by the file */
  avow__fs_t *closer; /* of a straggler: a close that waits for it */
  uv_file file;
} avow__fs_use_t;

struct avow__fs_s {
  avow__op_t op;
  union {
    uv_fs_t req;
    uv_work_t work; /* of what nobody wants: after req */
  };
  const char *name; /* of the operation */
  const char *path; /* its objects: one or two paths, or else files */
  const char *to;
  avow__fs_use_t uses[2];
  size_t files;
  /* What it settles with once req has succeeded; NULL: none. */
  avow_value_t (*result)(avow__fs_t *op);
  /* Undoes a result that came too late, on a thread of the pool. */
  void (*discard)(const avow_value_t *result);
  avow_value_t value; /* released in the end, as memory is freed */
  void *memory;
  bool cancelled;
};

/* A zeroed operation of size bytes, which begins with an avow__fs_t, on copies
   of its paths (UV_EINVAL if one is NULL) or on a file; its promise in *out.
   NULL with the rejection in *out. */
void *avow__fs_on_path(uv_loop_t *loop, size_t size, const char *name,
                       const char *path, avow_promise_t **out);
void *avow__fs_on_paths(uv_loop_t *loop, size_t size, const char *name,
                        const char *path, const char *to, avow_promise_t **out);
void *avow__fs_on_file(uv_loop_t *loop, size_t size, const char *name,
                       uv_file file, avow_promise_t **out);

/* What libuv said to starting op: if that is an error, op ends with it. */
void avow__fs_sent(avow__fs_t *op, int err);

/* The callback of requests that are one step. */
void avow__fs_done(uv_fs_t *req);

/* Ends an operation of which the request has come back. Takes v. */
void avow__fs_complete(avow__fs_t *op, avow_value_t v);

/* The error of op: "rename '/a' to '/b': no such file or directory". */
avow_value_t avow__fs_failure(const avow__fs_t *op, int code);

/* An operation that is the call of one function, with no more to it. */
avow_promise_t *avow__fs_call_path(uv_loop_t *loop, const char *name,
                                   const char *path,
                                   int (*fn)(uv_loop_t *, uv_fs_t *,
                                             const char *, uv_fs_cb),
                                   avow_value_t (*result)(avow__fs_t *));
avow_promise_t *avow__fs_call_file(uv_loop_t *loop, const char *name,
                                   uv_file file,
                                   int (*fn)(uv_loop_t *, uv_fs_t *, uv_file,
                                             uv_fs_cb),
                                   avow_value_t (*result)(avow__fs_t *));

/* Closes at once, without a loop or memory. */
void avow__fs_close_now(uv_file file);

static inline uv_loop_t *avow__fs_loop(const avow__fs_t *op) {
  return op->op.context->loop;
}

#endif
