/* SPDX-License-Identifier: MIT */
/*
 * Files that are replaced atomically. The new file is created in the directory
 * of the old one. It takes the name of the old file when it is complete and on
 * the disk. Until then, every failure removes it and leaves the old file
 * unchanged.
 *
 * Links are followed one by one, because the last link may lead to a missing
 * file. The new file is then created where the link leads.
 */
#include <string.h>

#include "avow/replace.h"
#include "base/alloc.h"
#include "sys/metadata.h"
#include "sys/temp_file.h"
#include "uv/fs_blocking.h"
#include "uv/whole_file.h"

enum { LINKS = 40, PRIVATE = 0600 };

typedef struct {
  avow__write_file_t *write;
  avow__dir_t dir; /* the directory that contains the path's last name */
  char *path;      /* of the file, or of the link that is followed next */
  size_t name_at;
  bool is_there; /* the old file exists */
  uv_stat_t old;
} replace_t;

static const avow__dir_t *replace_dir(const replace_t *r) {
  return r->dir.fd >= 0 ? &r->dir : NULL;
}

static avow__place_t replace_place(const replace_t *r) {
  return (avow__place_t){ .dir = replace_dir(r),
                          .name = r->path + r->name_at,
                          .path = r->path };
}

static int check_old(replace_t *r) {
  const uv_dirent_type_t type = avow__disk_type(&r->old);
  r->is_there = type == UV_DIRENT_FILE;
  if (type == UV_DIRENT_DIR)
    return UV_EISDIR;
  return r->is_there ? 0 : UV_EINVAL; /* a device stays a device */
}

/* A relative path starts in the directory of the previous link. */
static int replace_enter_dir(replace_t *r) {
  avow__dir_t dir;
  const int err =
      avow__dir_open_above(replace_dir(r), r->path, &dir, &r->name_at);
  avow__dir_close(&r->dir);
  r->dir = dir;
  return err;
}

/* Sets *leads if the link leads to an existing file. */
static int replace_follow(replace_t *r, bool *leads) {
  uv_stat_t beyond;
  char *path = NULL;
  int err = avow__place_stat(replace_place(r), &beyond);
  *leads = err == 0;
  if (err == 0 || err == UV_ENOENT)
    err = avow__place_follow(replace_place(r), &r->old, &path);
  if (err < 0)
    return err;
  avow_free(r->path);
  r->path = path;
  return 0;
}

/* A link of /proc may lead to a file without a name, and then its text names no
   file. This returns UV_ENOENT. */
static int find_old(replace_t *r) {
  bool leads = false;
  for (int i = 0; i < LINKS; i++) {
    int err = replace_enter_dir(r);
    if (err < 0)
      return err;
    err = avow__place_lstat(replace_place(r), &r->old);
    if (err == UV_ENOENT)
      return leads ? err : 0;
    if (err == 0 && avow__disk_type(&r->old) != UV_DIRENT_LINK)
      return check_old(r);
    if (err == 0)
      err = replace_follow(r, &leads);
    if (err < 0)
      return err;
  }
  return UV_ELOOP;
}

static int replace_begin(replace_t *r) {
  const size_t size = strlen(r->write->path) + 1;
  if (size == 1)
    return UV_ENOENT;
  r->path = avow_malloc(size);
  if (r->path == NULL)
    return UV_ENOMEM;
  memcpy(r->path, r->write->path, size);
  return find_old(r);
}

static int replace_fill(uv_file file, void *data) {
  const replace_t *r = data;
  int err = avow__file_fill(r->write, file);
  if (err == 0 && r->is_there)
    err = avow__metadata_replace(replace_place(r), &r->old, file);
  if (err == 0)
    err = avow__disk_fsync(file);
  return err == 0 && avow__chore_is_unwanted(&r->write->chore) ? UV_ECANCELED
                                                               : err;
}

/* Flushes the new name to the disk, and cuts the name off the path. Systems
   without this feature report many different codes. All of them report a broken
   disk with UV_EIO. */
static int sync_dir(const replace_t *r) {
  r->path[avow__disk_name_at(r->path)] = '\0';
  const avow__place_t place = { &r->dir, ".",
                                r->path[0] != '\0' ? r->path : "." };
  const int dir =
      avow__place_open(place, UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0);
  if (dir < 0)
    return 0;
  const int err = avow__disk_fsync(dir);
  (void) avow__disk_close(dir); /* nothing was written to it */
  return err == UV_EIO ? err : 0;
}

static avow_value_t replace_run(avow__chore_t *chore) {
  replace_t r = { .write = (avow__write_file_t *) chore, .dir.fd = -1 };
  int err = replace_begin(&r);
  if (err == 0)
    err = avow__temp_file_replace(replace_place(&r),
                                  r.is_there ? PRIVATE : r.write->mode,
                                  replace_fill, &r);
  const int sync_err = err == 0 ? sync_dir(&r) : 0;
  avow__dir_close(&r.dir);
  avow_free(r.path);
  return sync_err < 0 ? avow__error_of(sync_err, "sync", r.write->path)
                      : avow__file_written(r.write, err);
}

avow_promise_t *avow_replace_file(uv_loop_t *loop, const char *path,
                                  avow_value_t bytes, int mode) {
  avow__check_ready(loop);
  const avow__write_file_t how = { .chore.run = replace_run,
                                   .name = "replace",
                                   .mode = mode };
  return avow__file_write(loop, &how, path, bytes);
}
