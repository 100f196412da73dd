/* SPDX-License-Identifier: MIT */
/*
 * Files that are replaced in one go. Until the new one has its name, whatever
 * goes wrong removes it again and leaves the old one as it was.
 */
#include "avow/replace.h"
#include "sys/atomic_file.h"
#include "uv/file.h"
#include "uv/fs_sync.h"

static int put_in_place(avow__write_file_t *write, avow__successor_t *s) {
  int err = avow__file_fill(write, s->file);
  if (err == 0)
    err = avow__successor_inherit(s);
  if (err == 0)
    err = avow__disk_fsync(s->file);
  if (err == 0 && avow__chore_is_unwanted(&write->chore))
    err = UV_ECANCELED;
  return err < 0 ? err : avow__successor_take_place(s);
}

/* What is said of the directory is told as such: the file is in its place. */
static avow_value_t replace_end(const avow__write_file_t *write, int err,
                                int sync_err) {
  return sync_err < 0 ? avow__error_of(sync_err, "sync", write->path)
                      : avow__file_written(write, err);
}

static avow_value_t replace_run(avow__chore_t *chore) {
  avow__write_file_t *write = (avow__write_file_t *) chore;
  avow__successor_t s;
  int err = avow__successor_open(&s, write->path, write->mode);
  if (err == 0)
    err = put_in_place(write, &s);
  const int sync_err = err == 0 ? avow__successor_sync(&s) : 0;
  avow__successor_close(&s);
  return replace_end(write, err, sync_err);
}

avow_promise_t *avow_replace_file(uv_loop_t *loop, const char *path,
                                  avow_value_t bytes, int mode) {
  const avow__write_file_t how = { .chore.run = replace_run,
                                   .name = "replace",
                                   .mode = mode };
  return avow__file_write(loop, &how, path, bytes);
}
