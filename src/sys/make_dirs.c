/* SPDX-License-Identifier: MIT */
/*
 * Creates a directory and its missing parents. The first attempt uses the whole
 * path, because one call is usually enough. Other processes may create the same
 * directories meanwhile.
 */
#include <string.h>

#include "avow/tree.h"
#include "uv/fs_blocking.h"
#include "uv/work.h"

enum { USABLE = 0300 }; /* created parents must be accessible */

typedef struct {
  avow__chore_t chore;
  int mode;
  int64_t made;
  size_t len;
  char path[]; /* cut at a slash while parents are created */
} make_dirs_t;

/* After any error of mkdir, an existing directory counts as success. */
static int make_one(make_dirs_t *make, int mode) {
  const int err = avow__disk_mkdir(make->path, mode);
  uv_stat_t stat;
  if (err == 0)
    make->made++;
  else if (err != UV_ENOENT && avow__disk_stat(make->path, &stat) == 0 &&
           avow__disk_type(&stat) == UV_DIRENT_DIR)
    return 0;
  return err;
}

/* Cuts the last name off at a slash. Returns false if there is no other
   name. */
static bool make_dirs_cut(make_dirs_t *make) {
  size_t at = avow__disk_name_at(make->path);
  while (at > 0 && avow__disk_is_slash(make->path[at - 1]))
    at--;
  if (at > 0)
    make->path[at] = '\0';
  return at > 0;
}

static void restore(make_dirs_t *make) {
  make->path[strlen(make->path)] = '/';
}

static bool is_whole(const make_dirs_t *make) {
  return strlen(make->path) == make->len;
}

static int make_all(make_dirs_t *make) {
  int err = make_one(make, make->mode);
  while (err == UV_ENOENT && make_dirs_cut(make))
    err = make_one(make, make->mode | USABLE);
  while (err == 0 && !is_whole(make)) {
    restore(make);
    err = make_one(make, is_whole(make) ? make->mode : make->mode | USABLE);
  }
  return err;
}

static avow_value_t make_dirs_run(avow__chore_t *chore) {
  make_dirs_t *make = (make_dirs_t *) chore;
  const int err = make_all(make);
  return err < 0 ? avow__error_of(err, "mkdir", make->path)
                 : avow_int(make->made);
}

avow_promise_t *avow_make_dirs(uv_loop_t *loop, const char *path, int mode) {
  avow__check_ready(loop);
  if (path == NULL || path[0] == '\0')
    return avow__refuse(loop, UV_EINVAL, "mkdir", path != NULL ? path : "NULL");
  avow_promise_t *p;
  const size_t len = avow__disk_trimmed(path);
  make_dirs_t *make = avow__chore_new(loop, sizeof(*make) + len + 1, &p);
  if (make == NULL)
    return p;
  make->mode = mode;
  make->len = len;
  memcpy(make->path, path, len);
  make->chore.run = make_dirs_run;
  avow__chore_start(&make->chore);
  return p;
}
