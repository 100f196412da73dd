/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing between a file and values that the operation owns. The
 * buffers of the request are the part that is left to do.
 */
#include <limits.h>

#include "base/alloc.h"
#include "uv/cached_file.h"
#include "uv/fs.h"
#include "value/buffer.h"

/* The number of buffers that systems accept in one call, and of bytes that
   sendfile() accepts. */
enum { BUFFERS = 1024, SEND = 0x7ffff000 };

typedef struct {
  avow__fs_t fs;
  uv_buf_t one;
  uv_buf_t *bufs; /* &one, or fs.memory */
  size_t count;
  uint64_t left, done; /* in bytes */
  int64_t offset;      /* -1: the file's current position */
} io_t;

static io_t *io_new(uv_loop_t *loop, const char *name, uv_file file,
                    int64_t offset, avow_promise_t **out) {
  io_t *io = avow__fs_on_file(loop, sizeof(*io), name, file, out);
  if (io == NULL)
    return NULL;
  io->bufs = &io->one;
  io->count = 1;
  io->offset = offset;
  return io;
}

/* The number of buffers that the bytes need, each of at most INT_MAX bytes. */
static size_t fs_io_parts_of(const avow_value_t *bytes) {
  size_t len;
  (void) avow_to_bytes(bytes, &len); /* only for the length */
  return len / INT_MAX + (len % INT_MAX > 0);
}

static void fs_io_add(io_t *io, const avow_value_t *bytes) {
  avow__bytes_t *block = bytes->u.p;
  for (size_t at = 0; at < block->len; at += INT_MAX) {
    io->bufs[io->count++] = avow__bytes_from(block, at);
  }
  io->left += block->len;
}

/* Sets the buffers to the bytes of `n` values. */
static int fs_io_use(io_t *io, const avow_value_t *items, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    if (items[i].tag != AVOW_BYTES)
      return avow_is_error(&items[i]) ? items[i].code : UV_EINVAL;
    count += fs_io_parts_of(&items[i]);
  }
  if (count > 1)
    io->bufs = io->fs.memory = avow_calloc(count, sizeof(uv_buf_t));
  if (io->bufs == NULL)
    return UV_ENOMEM;
  io->count = 0;
  for (size_t i = 0; i < n; i++)
    fs_io_add(io, &items[i]);
  io->count += io->count == 0; /* libuv needs a buffer, even an empty one */
  return 0;
}

/* Uses the BYTES, or the LIST of them, that the operation owns. */
static int use_value(io_t *io) {
  const avow_value_t *v = &io->fs.value;
  if (io->offset < -1)
    return UV_EINVAL;
  if (v->tag != AVOW_LIST)
    return fs_io_use(io, v, 1);
  const avow__list_t *list = v->u.p;
  return fs_io_use(io, list->items, list->len);
}

static unsigned buffers(const io_t *io) {
  return io->count < BUFFERS ? (unsigned) io->count : BUFFERS;
}

static void fs_io_on_read(uv_fs_t *req);

static int fs_io_start_read(io_t *io) {
  return uv_fs_read(avow__fs_loop(&io->fs), &io->fs.req, io->fs.uses[0].file,
                    io->bufs, buffers(io), io->offset, fs_io_on_read);
}

static void fs_io_on_read(uv_fs_t *req) {
  io_t *io = req->data;
  if (req->result == UV_EINTR && !io->fs.canceled) { /* libuv does not retry */
    uv_fs_req_cleanup(req);
    const int err = fs_io_start_read(io);
    if (err < 0)
      avow__fs_complete(&io->fs, avow__fs_failure(&io->fs, err));
    return;
  }
  avow__fs_done(req);
}

/* A read of 0 bytes does not show the end. */
static avow_value_t what_was_read(avow__fs_t *op) {
  const io_t *io = (const io_t *) op;
  const avow_value_t bytes = avow_steal(&op->value);
  if (op->req.result > 0 || io->left == 0)
    return avow__bytes_cut(bytes, (size_t) op->req.result);
  avow__value_unref(bytes);
  return avow_none();
}

static bool read_at_once(avow__attempt_t *attempt) {
  io_t *io = (io_t *) avow__fs_of(attempt);
  const int n = avow__cached_read(io->fs.uses[0].file, io->one.base,
                                  io->one.len, (uint64_t) io->offset);
  io->fs.req.result = n;
  if (n >= 0)
    avow__fs_done(&io->fs.req);
  return n >= 0;
}

static void read_on_pool(avow__attempt_t *attempt) {
  io_t *io = (io_t *) avow__fs_of(attempt);
  avow__fs_sent(&io->fs, fs_io_start_read(io));
}

/* A read at the current position could wait for another one that has locked
   it. A read of 0 bytes only checks the file. */
static void read_start(io_t *io) {
  io->fs.attempt.at_once = read_at_once;
  io->fs.attempt.on_pool = read_on_pool;
  if (io->offset >= 0 && io->left > 0 && io->left <= AVOW__CACHED_MOST)
    avow__fs_start(&io->fs);
  else
    read_on_pool(&io->fs.attempt);
}

avow_promise_t *avow_fs_read(uv_loop_t *loop, uv_file file, size_t len,
                             int64_t offset) {
  avow__check_ready(loop);
  avow_promise_t *p;
  char *data;
  io_t *io = io_new(loop, "read", file, offset, &p);
  if (io == NULL)
    return p;
  io->fs.value = avow_bytes_new(len, &data);
  io->fs.result = what_was_read;
  const int err = use_value(io);
  if (err < 0)
    avow__fs_sent(&io->fs, err);
  else
    read_start(io);
  return p;
}

/* Moves past `len` bytes, which are written. */
static void fs_io_advance(io_t *io, size_t len) {
  io->done += len;
  io->left -= len;
  for (; len > 0 && len >= io->bufs->len; io->bufs++, io->count--)
    len -= io->bufs->len;
  if (len == 0)
    return;
  io->bufs->base += len;
  io->bufs->len -= (unsigned) len;
}

static void fs_io_on_write(uv_fs_t *req);

static int start_write(io_t *io) {
  const int64_t at = io->offset < 0 ? -1 : io->offset + (int64_t) io->done;
  return uv_fs_write(avow__fs_loop(&io->fs), &io->fs.req, io->fs.uses[0].file,
                     io->bufs, buffers(io), at, fs_io_on_write);
}

/* Continues if the system took only a part. */
static void fs_io_on_write(uv_fs_t *req) {
  io_t *io = req->data;
  int err = req->result < 0 ? (int) req->result : 0;
  if (err == 0) {
    fs_io_advance(io, (size_t) req->result);
    if (io->left > 0 && req->result == 0)
      err = UV_EIO; /* the file accepts no bytes without an error */
  }
  if (err == 0 && io->left > 0 && !io->fs.canceled) {
    uv_fs_req_cleanup(req);
    err = start_write(io);
    if (err >= 0)
      return;
  }
  avow__fs_complete(&io->fs, err < 0 ? avow__fs_failure(&io->fs, err)
                                     : avow_int((int64_t) io->done));
}

avow_promise_t *avow_fs_write(uv_loop_t *loop, uv_file file, avow_value_t bytes,
                              int64_t offset) {
  avow__check_ready(loop);
  avow_promise_t *p;
  io_t *io = io_new(loop, "write", file, offset, &p);
  if (io == NULL) {
    avow__value_unref(bytes);
    return p;
  }
  io->fs.value = bytes;
  const int err = use_value(io);
  avow__fs_sent(&io->fs, err < 0 ? err : start_write(io));
  return p;
}

static void on_sent(uv_fs_t *req);

static int start_send(io_t *io) {
  const size_t len = io->left < SEND ? (size_t) io->left : SEND;
  return uv_fs_sendfile(avow__fs_loop(&io->fs), &io->fs.req,
                        io->fs.uses[1].file, io->fs.uses[0].file,
                        io->offset + (int64_t) io->done, len, on_sent);
}

/* Continues until nothing is left. An error after some bytes is left to the
   next operation, because an error cannot carry the number of bytes. */
static void on_sent(uv_fs_t *req) {
  io_t *io = req->data;
  const ssize_t sent = req->result;
  if (sent > 0) {
    io->done += (uint64_t) sent;
    io->left -= (uint64_t) sent;
  }
  if (sent > 0 && io->left > 0 && !io->fs.canceled) {
    uv_fs_req_cleanup(req);
    if (start_send(io) >= 0)
      return;
  }
  const bool failed = sent < 0 && io->done == 0;
  avow__fs_complete(&io->fs, failed ? avow__fs_failure(&io->fs, (int) sent)
                                    : avow_int((int64_t) io->done));
}

avow_promise_t *avow_fs_sendfile(uv_loop_t *loop, uv_file to, uv_file from,
                                 int64_t offset, size_t len) {
  avow__check_ready(loop);
  avow_promise_t *p;
  io_t *io = io_new(loop, "sendfile", from, offset, &p);
  if (io == NULL)
    return p;
  io->fs.uses[1].file = to;
  io->fs.files = 2;
  io->left = len;
  avow__fs_sent(&io->fs, offset < 0 ? UV_EINVAL : start_send(io));
  return p;
}
