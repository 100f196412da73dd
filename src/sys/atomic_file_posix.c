/* SPDX-License-Identifier: MIT */
/*
 * Successors, by the calls that take a directory's descriptor: the file is made
 * in the directory where the old one was found, whatever others do to the path
 * meanwhile. Links are followed one by one, for the last may lead to nothing.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _DEFAULT_SOURCE 1 /* S_ISVTX */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/atomic_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "sys/inherit.h"
#include "uv/fs_sync.h"

enum { LINKS = 40, LINK_ROOM = 4096, PRIVATE = 0600 };

static void successor_close_dir(avow__successor_t *s) {
  if (s->dir >= 0)
    (void) close(s->dir); /* nothing was written to it */
  s->dir = -1;
}

/* The last name of the path; the root has no other than ".". */
static const char *successor_name_of(const avow__successor_t *s) {
  const char *name = s->path + avow__disk_name_at(s->path);
  return name[0] == '\0' && name != s->path ? "." : name;
}

/* Enters the directory that the path's last name is in, from the one that the
   link before it is in. */
static int successor_enter_dir(avow__successor_t *s) {
  const size_t len = avow__disk_name_at(s->path);
  char *path = avow_malloc(len + 2);
  if (path == NULL)
    return UV_ENOMEM;
  memcpy(path, s->path, len);
  memcpy(path + len, ".", 2);
  const int dir = avow__at_open_dir(s->dir >= 0 ? s->dir : AT_FDCWD, path);
  avow_free(path);
  if (dir < 0)
    return dir;
  successor_close_dir(s);
  s->dir = dir;
  return 0;
}

/* Others lay links for us in directories that all may write to, such as /tmp.
   Linux refuses those at the end of a path if it is told to
   (fs.protected_symlinks); here that is so everywhere. */
static bool is_trap(const struct stat *dir, const struct stat *link) {
  const mode_t shared = S_ISVTX | S_IWOTH;
  return (dir->st_mode & shared) == shared && link->st_uid != geteuid() &&
         link->st_uid != dir->st_uid;
}

static int check_link(const avow__successor_t *s) {
  struct stat dir;
  const int err = avow__at_look(s->dir, NULL, &dir);
  if (err < 0)
    return err;
  return is_trap(&dir, &s->old) ? UV_EACCES : 0;
}

/* What the link says is the path from here on. */
static int follow_link(avow__successor_t *s) {
  const int err = check_link(s);
  if (err < 0)
    return err;
  char *path = avow_malloc(LINK_ROOM);
  if (path == NULL)
    return UV_ENOMEM;
  const int len = avow__at_code(
      (int) readlinkat(s->dir, successor_name_of(s), path, LINK_ROOM));
  if (len < 0 || len == LINK_ROOM) {
    avow_free(path);
    return len < 0 ? len : UV_ENAMETOOLONG;
  }
  path[len] = '\0';
  avow_free(s->path);
  s->path = path;
  return 0;
}

static int look_at_old(avow__successor_t *s) {
  if (!S_ISREG(s->old.st_mode)) /* a device stays a device */
    return S_ISDIR(s->old.st_mode) ? UV_EISDIR : UV_EINVAL;
  s->is_there = true;
  return 0;
}

/* 1: the link leads to something, 0: to nothing. */
static int look_beyond(const avow__successor_t *s) {
  struct stat info;
  const int err =
      avow__at_code(fstatat(s->dir, successor_name_of(s), &info, 0));
  if (err == UV_ENOENT)
    return 0;
  return err < 0 ? err : 1;
}

/* To where the links lead, which need not be there, unless the last one leads
   to something all the same: those of /proc do, to what has no name. */
static int find_old(avow__successor_t *s) {
  int leads = 0;
  for (int i = 0; i < LINKS; i++) {
    int err = successor_enter_dir(s);
    if (err < 0)
      return err;
    err = avow__at_code(
        fstatat(s->dir, successor_name_of(s), &s->old, AT_SYMLINK_NOFOLLOW));
    if (err == UV_ENOENT)
      return leads > 0 ? err : 0;
    if (err == 0 && !S_ISLNK(s->old.st_mode))
      return look_at_old(s);
    if (err == 0)
      err = leads = look_beyond(s);
    if (err >= 0)
      err = follow_link(s);
    if (err < 0)
      return err;
  }
  return UV_ELOOP;
}

int avow__successor_open(avow__successor_t *s, const char *path, int mode) {
  const size_t size = strlen(path) + 1;
  *s = (avow__successor_t){ .file = -1, .dir = -1, .temp.file = -1 };
  if (path[0] == '\0') /* which is no name in any directory */
    return UV_ENOENT;
  s->path = avow_malloc(size);
  if (s->path == NULL)
    return UV_ENOMEM;
  memcpy(s->path, path, size);
  int err = find_old(s);
  if (err == 0)
    err = avow__temp_file_open(&s->temp, s->dir, successor_name_of(s),
                               s->is_there ? PRIVATE : mode);
  s->file = s->temp.file;
  return err;
}

int avow__successor_inherit(avow__successor_t *s) {
  return s->is_there
             ? avow__inherit(s->dir, successor_name_of(s), &s->old, s->file)
             : 0;
}

int avow__successor_take_place(avow__successor_t *s) {
  return avow__temp_file_take_place(&s->temp);
}

/* Systems that cannot do that say so in many ways; that the disk is broken is
   one way only. */
int avow__successor_sync(avow__successor_t *s) {
  const int dir = avow__at_open(s->dir, ".", O_RDONLY | O_DIRECTORY, 0);
  if (dir < 0)
    return 0;
  const int err = avow__disk_fsync(dir);
  (void) close(dir); /* nothing was written to it */
  return err == UV_EIO ? err : 0;
}

void avow__successor_close(avow__successor_t *s) {
  avow__temp_file_close(&s->temp);
  successor_close_dir(s);
  avow_free(s->path);
}
