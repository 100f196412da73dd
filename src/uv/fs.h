/* SPDX-License-Identifier: MIT */
/*
 * File system requests of libuv. An operation owns its paths, its memory and
 * its value. It begins with avow__fs_on_path() or a similar function, is passed
 * to libuv, and ends in avow__fs_done() or avow__fs_complete().
 */
#ifndef AVOW_FS_PRIVATE_H
#define AVOW_FS_PRIVATE_H

#include "avow/fs.h"
#include "base/container.h"
#include "engine/extension.h"
#include "uv/attempt.h"
#include "uv/op.h"

typedef struct avow__fs_s avow__fs_t;

/* A mount, and whether its file system is on a disk. */
typedef struct {
  uint64_t id, device;
  bool is_disk;
} avow__mount_t;

enum { AVOW__MOUNTS = 16 };

/* Data of a loop's file operations. */
typedef struct avow__files_s {
  avow__extension_t extension;
  avow__table_t unfinished;  /* requests that outlive their promises, by file */
  uint64_t events_iteration; /* iteration of the last file system event */
  uint32_t events;           /* number of events in that iteration */
  avow__link_t *attempts;    /* attempt.c: those that wait */
  uint64_t attempts_iteration; /* in which the last one was made */
  uint64_t attempts_end;       /* the time when the last ones ended */
  bool attempts_left;          /* some were left then */
  uint8_t skip;    /* the number of operations that are not to be tried */
  uint8_t penalty; /* the last such number; 0: the last attempt succeeded */
  avow__mount_t mounts[AVOW__MOUNTS]; /* cached_file.c */
  unsigned next_mount;                /* the one to be replaced */
  bool asks;                          /* about a mount, on the pool */
} avow__files_t;

enum { AVOW__FS_EXTENSION = 4 };

/* NULL if out of memory. */
avow__files_t *avow__files_open(avow__context_t *c);

static inline avow__files_t *avow__files_of(const avow__context_t *c) {
  return (avow__files_t *) c->extensions[AVOW__FS_EXTENSION];
}

/* A file that an operation uses. */
typedef struct {
  avow__node_t node;  /* of an unfinished operation, keyed by file */
  avow__fs_t *closer; /* a close that waits for the unfinished operation */
  uv_file file;
} avow__fs_use_t;

struct avow__fs_s {
  avow__op_t op;
  union {
    uv_fs_t req;
    uv_work_t work; /* for discard(), after `req` */
  };
  const char *name; /* operation name for messages */
  const char *path; /* one or two paths, unless `files` > 0 */
  const char *to;
  avow__fs_use_t uses[2];
  size_t files;
  /* Returns the outcome after `req` has succeeded. NULL: NONE. */
  avow_value_t (*result)(avow__fs_t *op);
  /* Undoes a result that arrived too late, on a thread of the pool. */
  void (*discard)(const avow_value_t *result);
  avow_value_t value; /* released at the end, when `memory` is freed */
  void *memory;
  avow__attempt_t attempt;
  bool canceled;
};

/* Make a zeroed operation of `size` bytes, which begins with an avow__fs_t, on
   copies of paths or on a file. `*out` is its promise. Return NULL with the
   rejection in `*out`: UV_EINVAL if a path is NULL, or out of memory. */
void *avow__fs_on_path(uv_loop_t *loop, size_t size, const char *name,
                       const char *path, avow_promise_t **out);
void *avow__fs_on_paths(uv_loop_t *loop, size_t size, const char *name,
                        const char *path, const char *to, avow_promise_t **out);
void *avow__fs_on_file(uv_loop_t *loop, size_t size, const char *name,
                       uv_file file, avow_promise_t **out);

/* Must be called with libuv's result of starting `op`. If it is an error, `op`
   ends with it. */
void avow__fs_sent(avow__fs_t *op, int err);

/* The callback of requests that need one step. Also ends an operation whose
   attempt has succeeded, after its result was stored in `req`. */
void avow__fs_done(uv_fs_t *req);

/* Ends an operation whose request is finished. Takes ownership of `v`. */
void avow__fs_complete(avow__fs_t *op, avow_value_t v);

/* The error of `op`: "rename '/a' to '/b': no such file or directory". */
avow_value_t avow__fs_failure(const avow__fs_t *op, int code);

/* Operations that call only one function of libuv. */
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

/* Closes the file at once, without a loop or an allocation. */
void avow__fs_close_now(uv_file file);

/* Starts an operation whose functions in `attempt` are set. It is not tried
   while the loop has requests on the pool. Such a loop gets several results at
   a time. Waking it for each result would cost more than the attempt saves. */
static inline void avow__fs_start(avow__fs_t *op) {
  avow__context_t *c = op->op.context;
  if (c->pool_requests == 0)
    avow__attempt_start(c, &op->attempt);
  else
    op->attempt.on_pool(&op->attempt);
}

static inline avow__fs_t *avow__fs_of(avow__attempt_t *attempt) {
  return AVOW__CONTAINER(avow__fs_t, attempt, attempt);
}

static inline uv_loop_t *avow__fs_loop(const avow__fs_t *op) {
  return op->op.context->loop;
}

#endif
