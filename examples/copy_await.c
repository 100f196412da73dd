/* SPDX-License-Identifier: MIT */
/*
 * Copies a file in chunks, like copy.c, but with await. The handlers and the
 * struct that they share become functions and variables. Each finally handler
 * becomes the statement after the call that it guards.
 */
#include <fcntl.h>

#include "copy.h"

typedef struct {
  uv_loop_t *loop;
  const char *from;
  const char *to;
  uv_stat_t source;
} copy_t;

static avow_value_t await_named(const char *name, avow_promise_t *p) {
  const avow_value_t v = avow_await(p);
  if (!avow_is_error(&v))
    return v;
  const avow_value_t named = copy_error(name, &v);
  avow_value_unref(v);
  return named;
}

/* Returns `v`, unless `v` is a success and `last` is an error. */
static avow_value_t and_then(avow_value_t v, avow_value_t last) {
  if (avow_is_error(&v) || !avow_is_error(&last)) {
    avow_value_unref(last);
    return v;
  }
  avow_value_unref(v);
  return last;
}

static avow_value_t copy_chunks(const copy_t *copy, uv_file in, uv_file out) {
  for (int64_t copied = 0;;) {
    avow_value_t v =
        await_named(copy->from, avow_fs_read(copy->loop, in, CHUNK, -1));
    if (avow_is_none(&v))
      return avow_int(copied);
    if (!avow_is_error(&v))
      v = await_named(copy->to, avow_fs_write(copy->loop, out, v, -1));
    if (avow_is_error(&v))
      return v;
    copied += avow_to_int(&v);
  }
}

static avow_value_t check_target(const copy_t *copy, uv_file out) {
  const avow_value_t stat = avow_await(avow_fs_fstat(copy->loop, out));
  if (avow_is_error(&stat))
    return stat;
  const avow_value_t v =
      copy_check_target(copy->to, avow_to_stat(&stat), &copy->source);
  avow_value_unref(stat);
  return v;
}

static avow_value_t use_target(const copy_t *copy, uv_file in, uv_file out) {
  avow_value_t v = check_target(copy, out);
  const bool fine = !avow_is_error(&v);
  if (fine)
    v = await_named(copy->to, avow_fs_ftruncate(copy->loop, out, 0));
  if (!avow_is_error(&v))
    v = copy_chunks(copy, in, out);
  avow_promise_t *closed = avow_shield(avow_fs_close(copy->loop, out));
  v = and_then(v, await_named(copy->to, closed));
  if (!fine || !avow_is_error(&v))
    return v;
  copy_say_removing(copy->to);
  return and_then(v, avow_await(
                         avow_shield(avow_fs_unlink(copy->loop, copy->to))));
}

static avow_value_t use_source(copy_t *copy, uv_file in) {
  const avow_value_t stat = avow_await(avow_fs_fstat(copy->loop, in));
  if (avow_is_error(&stat))
    return stat;
  copy->source = *avow_to_stat(&stat);
  avow_value_unref(stat);
  const int flags = O_WRONLY | O_CREAT | UV_FS_O_NONBLOCK; /* for FIFOs */
  const int mode = (int) (copy->source.st_mode & 0777);
  avow_value_t v = copy_check_source(copy->from, &copy->source);
  if (!avow_is_error(&v))
    v = avow_await(avow_fs_open(copy->loop, copy->to, flags, mode));
  return avow_is_error(&v) ? v
                           : use_target(copy, in, (uv_file) avow_to_int(&v));
}

static avow_value_t copy_all(void *data) {
  copy_t copy = *(const copy_t *) data;
  const avow_value_t in = avow_await(
      avow_fs_open(copy.loop, copy.from, O_RDONLY | UV_FS_O_NONBLOCK, 0));
  if (avow_is_error(&in))
    return in;
  const uv_file file = (uv_file) avow_to_int(&in);
  const avow_value_t v = use_source(&copy, file);
  return and_then(v, avow_await(avow_shield(avow_fs_close(copy.loop, file))));
}

avow_promise_t *copy_file(uv_loop_t *loop, const char *from, const char *to) {
  copy_t copy = { .loop = loop, .from = from, .to = to };
  return avow_async(loop, copy_all, &copy);
}
