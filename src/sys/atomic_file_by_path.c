/* SPDX-License-Identifier: MIT */
/*
 * Successors, by paths: libuv's calls, which know no others. The new file has a
 * name of its own from the beginning, beside that of the old one.
 */
#include "sys/atomic_file.h"

#include <string.h>

#include "base/alloc.h"
#include "sys/temp_name.h"
#include "uv/fs_sync.h"

#ifdef AVOW_BY_PATHS /* elsewhere a successor is another struct */

enum { PERMISSIONS = 0777, TRIES = 100, LINKS = 40 };

/* What a link at the path says, as the path that this is from here. */
static int follow_link(avow__successor_t *s) {
  char *target = NULL;
  const int err = avow__disk_readlink(s->path, &target);
  if (err < 0)
    return err;
  const size_t keep =
      avow__disk_is_slash(target[0]) ? 0 : avow__disk_name_at(s->path);
  const size_t len = strlen(target);
  char *path = avow_malloc(keep + len + 1);
  if (path != NULL) {
    memcpy(path, s->path, keep);
    memcpy(path + keep, target, len + 1);
    avow_free(s->path);
    s->path = path;
  }
  avow_free(target);
  return path != NULL ? 0 : UV_ENOMEM;
}

static int look_at_old(avow__successor_t *s, const uv_stat_t *stat) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  if (type != UV_DIRENT_FILE)
    return type == UV_DIRENT_DIR ? UV_EISDIR : UV_EINVAL;
  s->is_there = true;
  s->mode = (int) (stat->st_mode & PERMISSIONS);
  return 0;
}

/* To where the links lead, which need not be there. */
static int find_old(avow__successor_t *s) {
  for (int i = 0; i < LINKS; i++) {
    uv_stat_t stat;
    int err = avow__disk_lstat(s->path, &stat);
    if (err == UV_ENOENT)
      return 0;
    if (err == 0 && avow__disk_type(&stat) != UV_DIRENT_LINK)
      return look_at_old(s, &stat);
    if (err == 0)
      err = follow_link(s);
    if (err < 0)
      return err;
  }
  return UV_ELOOP;
}

static int open_new(avow__successor_t *s) {
  s->name_at = avow__disk_name_at(s->path);
  s->new_path = avow_malloc(s->name_at + AVOW__BESIDE_NAME);
  if (s->new_path == NULL)
    return UV_ENOMEM;
  memcpy(s->new_path, s->path, s->name_at);
  int file = UV_EEXIST;
  for (int i = 0; i < TRIES && file == UV_EEXIST; i++) {
    avow__beside_name(s->new_path + s->name_at);
    file =
        avow__disk_open(s->new_path,
                        UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL, s->mode);
  }
  s->file = file < 0 ? -1 : file;
  return file < 0 ? file : 0;
}

int avow__successor_open(avow__successor_t *s, const char *path, int mode) {
  const size_t size = strlen(path) + 1;
  *s = (avow__successor_t){ .file = -1, .mode = mode };
  s->path = avow_malloc(size);
  if (s->path == NULL)
    return UV_ENOMEM;
  memcpy(s->path, path, size);
  const int err = find_old(s);
  return err < 0 ? err : open_new(s);
}

int avow__successor_inherit(avow__successor_t *s) {
  return s->is_there ? avow__disk_fchmod(s->file, s->mode) : 0;
}

/* No open file is renamed there. */
int avow__successor_take_place(avow__successor_t *s) {
  int err = avow__disk_close(s->file);
  s->file = -1;
  if (err == 0)
    err = avow__disk_rename(s->new_path, s->path);
  if (err < 0)
    (void) avow__disk_unlink(s->new_path); /* the first failure is told */
  return err;
}

#  ifdef _WIN32

/* What is renamed is known to the disk. */
int avow__successor_sync(avow__successor_t *s) {
  return 0;
}

#  else

/* Systems that cannot do that say so in many ways; that the disk is broken is
   one way only. */
int avow__successor_sync(avow__successor_t *s) {
  s->path[avow__disk_name_at(s->path)] = '\0';
  const int dir = avow__disk_open(s->path[0] != '\0' ? s->path : ".",
                                  UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0);
  if (dir < 0)
    return 0;
  const int err = avow__disk_fsync(dir);
  (void) avow__disk_close(dir); /* nothing was written to it */
  return err == UV_EIO ? err : 0;
}

#  endif

void avow__successor_close(avow__successor_t *s) {
  if (s->file >= 0) {
    (void) avow__disk_close(s->file); /* it goes */
    (void) avow__disk_unlink(s->new_path);
  }
  avow_free(s->new_path);
  avow_free(s->path);
}

#endif
