/* SPDX-License-Identifier: MIT */
/*
 * Whole files: the work of four requests (open, fstat, read, close), done in
 * one chore (work.h) on the thread pool. That costs one round trip instead of
 * four. Between two steps, a chore checks whether it was canceled.
 */
#include "avow/fs.h"

#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"
#include "base/container.h"
#include "uv/attempt.h"
#include "uv/cached_file.h"
#include "uv/fs_blocking.h"
#include "uv/whole_file.h"

/* With this number of files at a time, waking threads costs less than the calls
   that do not wait. */
enum { MANY_FILES = 16 };

enum { FILE_CHUNK = 65536 };

typedef struct {
  avow__chore_t chore;
  avow__attempt_t attempt;
  size_t max_bytes;
  uint64_t size;       /* as reported; 0 if not meaningful */
  size_t used;         /* number of bytes read */
  avow_value_t buffer; /* BYTES */
  char path[];
} read_file_t;

/* The size of the buffer: the file's size, if it is meaningful, and one more
   byte to detect the end. */
static int guess_size(read_file_t *read, uv_file file, size_t *out) {
  uv_stat_t stat;
  const size_t max_bytes = read->max_bytes;
  const int err = avow__disk_fstat(file, &stat);
  if (err < 0)
    return err;
  if (avow__disk_type(&stat) == UV_DIRENT_FILE)
    read->size = stat.st_size;
  if (stat.st_size > max_bytes) /* the reported size may be wrong */
    *out = avow__plus(max_bytes, 1);
  else
    *out = stat.st_size > 0 ? avow__plus((size_t) stat.st_size, 1) : FILE_CHUNK;
  return 0;
}

static avow__bytes_t *bytes_of(const read_file_t *read) {
  return read->buffer.u.p;
}

/* Replaces the buffer with one of that size and copies the data read so far. */
static int file_make_room(read_file_t *read, size_t room) {
  char *data = NULL;
  const avow_value_t larger = avow_bytes_new(room, &data);
  if (data == NULL)
    return UV_ENOMEM;
  if (read->used > 0)
    memcpy(data, bytes_of(read)->data, read->used);
  avow__value_unref(read->buffer);
  read->buffer = larger;
  return 0;
}

/* Whether the system has returned as many bytes as it reported, and fewer than
   the buffer holds. That saves another read. */
static bool is_at_end(const read_file_t *read) {
  assert(read->used != read->size || read->used < bytes_of(read)->len);
  return read->used == read->size;
}

static int read_to_end(read_file_t *read, uv_file file) {
  while (!avow__chore_is_unwanted(&read->chore)) {
    if (read->used == bytes_of(read)->len) {
      const int err = file_make_room(read, avow__times(read->used, 2));
      if (err < 0)
        return err;
    }
    const int n = avow__disk_read(file, bytes_of(read)->data + read->used,
                                  bytes_of(read)->len - read->used);
    if (n <= 0)
      return n;
    read->used += (size_t) n;
    if (read->used > read->max_bytes)
      return UV_EFBIG;
    if (is_at_end(read))
      return 0;
  }
  return UV_ECANCELED;
}

static int read_open_file(read_file_t *read, uv_file file) {
  size_t room = 0;
  int err = guess_size(read, file, &room);
  if (err == 0)
    err = file_make_room(read, room);
  return err < 0 ? err : read_to_end(read, file);
}

static avow_value_t run_read(avow__chore_t *chore) {
  read_file_t *read = (read_file_t *) chore;
  const int file = avow__disk_open(read->path, UV_FS_O_RDONLY, 0);
  const int err = file < 0 ? file : read_open_file(read, file);
  if (file >= 0)
    (void) avow__disk_close(file); /* it was only read from */
  if (err == 0)
    return avow__bytes_cut(read->buffer, read->used);
  avow__value_unref(read->buffer);
  return avow__error_of(err, "read", read->path);
}

/* Reads as many bytes as the cache reports, into a buffer of that size. */
static bool read_cached(read_file_t *read, uv_file file, uint64_t size) {
  return size <= read->max_bytes && file_make_room(read, (size_t) size) == 0 &&
         avow__cached_read(file, bytes_of(read)->data, (size_t) size, 0) ==
             (int) size;
}

static bool file_read_at_once(avow__attempt_t *attempt) {
  read_file_t *read = AVOW__CONTAINER(read_file_t, attempt, attempt);
  uint64_t size;
  const int file = avow__cached_open(read->chore.op.context, read->path, &size);
  if (file < 0)
    return false;
  const bool is_read = read_cached(read, file, size);
  avow__cached_close(file);
  const avow_value_t bytes = avow_steal(&read->buffer);
  if (is_read)
    (void) avow__op_end(&read->chore.op, bytes); /* it was pending */
  else
    avow__value_unref(bytes);
  return is_read;
}

static void file_read_on_pool(avow__attempt_t *attempt) {
  avow__chore_start(&AVOW__CONTAINER(read_file_t, attempt, attempt)->chore);
}

/* Until the pool has it, it waits in the queue of attempts. */
static void file_read_cancel(void *data) {
  read_file_t *read = data;
  (void) avow__attempt_withdraw(&read->attempt);     /* it is there */
  (void) avow__op_end(&read->chore.op, avow_none()); /* it is rejected */
}

static void file_read_start(read_file_t *read) {
  read->chore.run = run_read;
  read->attempt.at_once = file_read_at_once;
  read->attempt.on_pool = file_read_on_pool;
  avow_on_cancel(read->chore.op.deferred, file_read_cancel, read);
  avow__context_t *c = read->chore.op.context;
  if (c->requests - c->peer_requests < MANY_FILES)
    avow__attempt_start(c, &read->attempt);
  else
    file_read_on_pool(&read->attempt);
}

avow_promise_t *avow_read_file(uv_loop_t *loop, const char *path,
                               size_t max_bytes) {
  avow__check_ready(loop);
  if (path == NULL)
    return avow__refuse(loop, UV_EINVAL, "read", "NULL");
  avow_promise_t *p;
  const size_t len = strlen(path);
  read_file_t *read = avow__chore_new(loop, sizeof(*read) + len + 1, &p);
  if (read == NULL)
    return p;
  memcpy(read->path, path, len);
  read->max_bytes = max_bytes;
  file_read_start(read);
  return p;
}

int avow__file_fill(avow__write_file_t *write, uv_file file) {
  avow__bytes_t *bytes = write->bytes.u.p;
  while (write->done < bytes->len) {
    if (avow__chore_is_unwanted(&write->chore))
      return UV_ECANCELED;
    const int n = avow__disk_write(file, bytes->data + write->done,
                                   bytes->len - write->done);
    if (n < 0)
      return n;
    write->done += (size_t) n;
  }
  return 0;
}

avow_value_t avow__file_written(const avow__write_file_t *write, int err) {
  if (err < 0)
    return avow__error_of(err, write->name, write->path);
  return avow_int((int64_t) ((avow__bytes_t *) write->bytes.u.p)->len);
}

/* Removes the data of a file beyond `len`. */
static int file_cut(uv_file file, size_t len) {
  uv_stat_t stat;
  const int err = avow__disk_fstat(file, &stat);
  if (err < 0 || avow__disk_type(&stat) != UV_DIRENT_FILE ||
      stat.st_size <= len)
    return err;
  return avow__disk_ftruncate(file, len);
}

/* Overwrites the file's data instead of emptying the file first. Some file
   systems flush a file that was emptied when it is closed, to protect its data,
   and that takes far longer. */
static int overwrite(avow__write_file_t *write, uv_file file) {
  const int err = avow__file_fill(write, file);
  if (err < 0 && write->done == 0)
    return err;
  const int cut_err = file_cut(file, write->done); /* no old data remains */
  return err < 0 ? err : cut_err;
}

static avow_value_t open_and(int (*fill)(avow__write_file_t *write,
                                         uv_file file),
                             avow__chore_t *chore) {
  avow__write_file_t *write = (avow__write_file_t *) chore;
  const int file = avow__disk_open(write->path, write->flags, write->mode);
  if (file < 0)
    return avow__file_written(write, file);
  const int err = fill(write, file);
  const int close_err = avow__disk_close(file); /* may report a full disk */
  return avow__file_written(write, err < 0 ? err : close_err);
}

static avow_value_t run_write(avow__chore_t *chore) {
  return open_and(overwrite, chore);
}

static avow_value_t run_append(avow__chore_t *chore) {
  return open_and(avow__file_fill, chore);
}

static void end_write(avow__chore_t *chore) {
  avow__value_unref(((avow__write_file_t *) chore)->bytes);
}

/* The error for invalid arguments before any work starts, or 0. */
static int refusal(const char *path, const avow_value_t *bytes) {
  if (avow_is_error(bytes))
    return bytes->code;
  return path == NULL || bytes->tag != AVOW_BYTES ? UV_EINVAL : 0;
}

avow_promise_t *avow__file_write(uv_loop_t *loop, const avow__write_file_t *how,
                                 const char *path, avow_value_t bytes) {
  const int err = refusal(path, &bytes);
  if (err < 0) {
    avow__value_unref(bytes);
    return avow__refuse(loop, err, how->name, path != NULL ? path : "NULL");
  }
  avow_promise_t *p;
  const size_t len = strlen(path);
  avow__write_file_t *write =
      avow__chore_new(loop, sizeof(*write) + len + 1, &p);
  if (write == NULL) {
    avow__value_unref(bytes);
    return p;
  }
  write->name = how->name;
  write->flags = how->flags;
  write->mode = how->mode;
  write->bytes = bytes;
  memcpy(write->path, path, len);
  write->chore.run = how->chore.run;
  write->chore.end = end_write;
  avow__chore_start(&write->chore);
  return p;
}

avow_promise_t *avow_write_file(uv_loop_t *loop, const char *path,
                                avow_value_t bytes, int mode) {
  avow__check_ready(loop);
  const avow__write_file_t how = { .chore.run = run_write,
                                   .name = "write",
                                   .flags = UV_FS_O_WRONLY | UV_FS_O_CREAT,
                                   .mode = mode };
  return avow__file_write(loop, &how, path, bytes);
}

avow_promise_t *avow_append_file(uv_loop_t *loop, const char *path,
                                 avow_value_t bytes, int mode) {
  avow__check_ready(loop);
  const avow__write_file_t how = { .chore.run = run_append,
                                   .name = "append",
                                   .flags = UV_FS_O_WRONLY | UV_FS_O_CREAT |
                                            UV_FS_O_APPEND,
                                   .mode = mode };
  return avow__file_write(loop, &how, path, bytes);
}
