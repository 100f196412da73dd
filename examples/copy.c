/* SPDX-License-Identifier: MIT */
/*
 * Copies a file in chunks. Each file is closed by a finally handler of the
 * chain that uses it, in success and failure. If copying fails or is canceled,
 * the copy is removed. copy_await.c does the same with await.
 */
#include "copy.h"

#include <fcntl.h>
#include <stdlib.h>

typedef struct {
  uv_loop_t *loop;
  const char *from;
  const char *to;
  uv_file in;
  uv_file out;
  uv_stat_t source;
  int64_t copied;
  bool half_written;
} copy_t;

static avow_value_t name_source(const avow_value_t *reason, void *data) {
  return copy_error(((copy_t *) data)->from, reason);
}

static avow_value_t name_target(const avow_value_t *reason, void *data) {
  return copy_error(((copy_t *) data)->to, reason);
}

static avow_value_t close_source(void *data) {
  copy_t *copy = data;
  return avow_follow(avow_fs_close(copy->loop, copy->in));
}

static avow_value_t close_target(void *data) {
  copy_t *copy = data;
  avow_promise_t *p = avow_fs_close(copy->loop, copy->out);
  /* Closing may fail, for example because the disk is full. */
  return avow_follow(avow_catch(p, name_target, copy));
}

static avow_value_t count(const avow_value_t *written, void *data) {
  ((copy_t *) data)->copied += avow_to_int(written);
  return avow_none(); /* requests the next chunk */
}

static avow_value_t write_chunk(const avow_value_t *chunk, void *data) {
  copy_t *copy = data;
  if (avow_is_none(chunk))
    return avow_int(copy->copied); /* ends avow_repeat() */
  avow_promise_t *p =
      avow_fs_write(copy->loop, copy->out, avow_value_ref(chunk), -1);
  return avow_follow(avow_then(p, count, name_target, copy));
}

static avow_value_t copy_chunk(void *data) {
  copy_t *copy = data;
  avow_promise_t *p = avow_fs_read(copy->loop, copy->in, CHUNK, -1);
  p = avow_catch(p, name_source, copy);
  return avow_follow(avow_then(p, write_chunk, NULL, copy));
}

static avow_value_t copy_chunks(const avow_value_t *none, void *data) {
  copy_t *copy = data;
  return avow_follow(avow_repeat(copy->loop, copy_chunk, copy));
}

static avow_value_t remove_half(void *data) {
  copy_t *copy = data;
  if (!copy->half_written)
    return avow_none();
  copy_say_removing(copy->to);
  return avow_follow(avow_fs_unlink(copy->loop, copy->to));
}

static avow_value_t keep(const avow_value_t *size, void *data) {
  ((copy_t *) data)->half_written = false;
  return avow_value_ref(size);
}

static avow_value_t empty_target(const avow_value_t *stat, void *data) {
  copy_t *copy = data;
  const avow_value_t v =
      copy_check_target(copy->to, avow_to_stat(stat), &copy->source);
  if (avow_is_error(&v))
    return v;
  copy->half_written = true;
  avow_promise_t *p = avow_fs_ftruncate(copy->loop, copy->out, 0);
  return avow_follow(avow_catch(p, name_target, copy));
}

static avow_value_t use_target(const avow_value_t *file, void *data) {
  copy_t *copy = data;
  copy->out = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_fs_fstat(copy->loop, copy->out);
  p = avow_then(p, empty_target, NULL, copy);
  p = avow_then(p, copy_chunks, NULL, copy);
  p = avow_finally(p, close_target, copy);
  p = avow_then(p, keep, NULL, copy);
  return avow_follow(avow_finally(p, remove_half, copy));
}

static avow_value_t open_target(const avow_value_t *stat, void *data) {
  copy_t *copy = data;
  copy->source = *avow_to_stat(stat);
  const avow_value_t v = copy_check_source(copy->from, &copy->source);
  if (avow_is_error(&v))
    return v;
  const int flags = O_WRONLY | O_CREAT | UV_FS_O_NONBLOCK; /* for FIFOs */
  const int mode = (int) (copy->source.st_mode & 0777);
  avow_promise_t *p = avow_fs_open(copy->loop, copy->to, flags, mode);
  return avow_follow(avow_then(p, use_target, NULL, copy));
}

static avow_value_t use_source(const avow_value_t *file, void *data) {
  copy_t *copy = data;
  copy->in = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_fs_fstat(copy->loop, copy->in);
  p = avow_then(p, open_target, NULL, copy);
  return avow_follow(avow_finally(p, close_source, copy));
}

avow_promise_t *copy_file(uv_loop_t *loop, const char *from, const char *to) {
  copy_t *copy = malloc(sizeof(*copy));
  if (copy == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  *copy = (copy_t){ .loop = loop, .from = from, .to = to };
  avow_promise_t *p = avow_fs_open(loop, from, O_RDONLY | UV_FS_O_NONBLOCK, 0);
  p = avow_then(p, use_source, NULL, copy);
  return avow_attach(p, copy, free);
}
