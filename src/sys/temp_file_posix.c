/* SPDX-License-Identifier: MIT */
/*
 * New files without a name, or with a temporary one. A temporary name is
 * removed only by the process that holds the lock of its file. The process
 * first checks that the name still leads to that file. A name is given to a
 * locked file, or is checked again once the lock is held. Therefore only names
 * of dead writers are removed.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_TMPFILE */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/temp_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "uv/fs_blocking.h"

/* More than the usual number of concurrent writers to one name. Further names
   are random, and files that are left there are never removed. */
enum { SLOTS = 16, TEMP_FILE_TRIES = 100, PROC_PATH = 40 };
enum { ALL_USERS = 0777, OTHERS = 0077 };

typedef enum { LOCKED, LOCKED_BY_ANOTHER, NO_LOCKS } lock_t;

/* Names with the same hash share their slots, which is harmless. */
static uint64_t temp_file_hash(const char *name) {
  uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */
  for (; *name != '\0'; name++)
    h = (h ^ (unsigned char) *name) * 0x100000001b3U;
  return h;
}

static void set_temp(avow__temp_file_t *t, unsigned slot) {
  if (slot >= SLOTS)
    (void) uv_random(NULL, NULL, &slot, sizeof(slot), 0, NULL); /* or this */
  (void) snprintf(t->temp, sizeof(t->temp), ".avow-%016llx-%x",
                  (unsigned long long) temp_file_hash(t->place.name),
                  slot); /* it fits */
}

/* Locks the file. Without locks, no file is removed. */
static lock_t lock(int file) {
#ifdef LOCK_EX
  if (flock(file, LOCK_EX | LOCK_NB) == 0)
    return LOCKED;
  if (errno == EWOULDBLOCK)
    return LOCKED_BY_ANOTHER;
#endif
  return NO_LOCKS;
}

static avow__place_t temp_place(const avow__temp_file_t *t) {
  return (avow__place_t){ t->place.dir, t->temp, NULL };
}

static bool is_named(const avow__temp_file_t *t, int file) {
  uv_stat_t named, opened;
  return avow__disk_fstat(file, &opened) == 0 &&
         avow__disk_type(&opened) == UV_DIRENT_FILE &&
         avow__place_lstat(temp_place(t), &named) == 0 &&
         avow__file_is(&named, avow__file_id(&opened));
}

/* Removes the file of a killed writer from this slot, if there is one. */
static void remove_left(const avow__temp_file_t *t) {
  int file = avow__place_open(temp_place(t), O_RDONLY, 0);
  if (file == UV_EACCES)
    file = avow__place_open(temp_place(t), O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
  if (file < 0)
    return;
  if (lock(file) == LOCKED && is_named(t, file))
    (void) avow__place_unlink(temp_place(t)); /* the next writer tries again */
  (void) close(file);                         /* nothing was written */
}

static void remove_all_left(avow__temp_file_t *t) {
  for (unsigned slot = 0; slot < SLOTS; slot++) {
    set_temp(t, slot);
    remove_left(t);
  }
  t->temp[0] = '\0';
}

/* Sets the path of a file without a name, if the system has /proc. */
static void set_proc_path(int file, char path[PROC_PATH]) {
  (void) snprintf(path, PROC_PATH, "/proc/self/fd/%d", file); /* it fits */
}

static bool can_be_linked(int file) {
  char path[PROC_PATH];
  set_proc_path(file, path);
  return access(path, F_OK) == 0;
}

/* Some kernels ignore the umask for files without a name. The mode of a file
   that was created with all permissions shows this. If all permissions are
   left, the umask is unknown. */
static bool set_mode(int file, int mode) {
  uv_stat_t made;
  if ((mode & OTHERS) == 0)
    return true;
  if (avow__disk_fstat(file, &made) < 0 ||
      (made.st_mode & ALL_USERS) == ALL_USERS)
    return false;
  return avow__disk_fchmod(file, mode & (int) made.st_mode & ALL_USERS) == 0;
}

/* Returns false on any failure, because the caller then uses a named file and
   reports its error. */
static bool open_unnamed(avow__temp_file_t *t, int mode) {
#ifdef O_TMPFILE
  const int at_first = (mode & OTHERS) == 0 ? mode : ALL_USERS;
  const avow__place_t here = { t->place.dir, ".", NULL };
  const int file = avow__place_open(here, O_TMPFILE | O_WRONLY, at_first);
  if (file < 0)
    return false;
  if (can_be_linked(file) && set_mode(file, mode) &&
      lock(file) != LOCKED_BY_ANOTHER) {
    t->file = file;
    return true;
  }
  (void) close(file); /* closing removes the file */
#endif
  return false;
}

/* Another writer may take the new file for a leftover. It then holds the lock
   and removes the file. */
static int open_slot(avow__temp_file_t *t, int mode) {
  const int file =
      avow__place_open(temp_place(t), O_WRONLY | O_CREAT | O_EXCL, mode);
  if (file < 0 || (lock(file) != LOCKED_BY_ANOTHER && is_named(t, file)))
    return file;
  (void) close(file); /* nothing was written */
  return UV_EEXIST;
}

static int open_named(avow__temp_file_t *t, int mode) {
  int file = UV_EEXIST;
  for (unsigned slot = 0; slot < TEMP_FILE_TRIES && file == UV_EEXIST; slot++) {
    set_temp(t, slot);
    file = open_slot(t, mode);
  }
  t->file = file < 0 ? -1 : file;
  return file < 0 ? file : 0;
}

int avow__temp_file_open(avow__temp_file_t *t, avow__place_t place, int mode) {
  assert(place.dir != NULL);
  *t = (avow__temp_file_t){ .place = place, .file = -1 };
  remove_all_left(t);
  return open_unnamed(t, mode & ALL_USERS) ? 0
                                           : open_named(t, mode & ALL_USERS);
}

static int link_as(const avow__temp_file_t *t, const char *name) {
  char path[PROC_PATH];
  set_proc_path(t->file, path);
  return linkat(AT_FDCWD, path, t->place.dir->fd, name, AT_SYMLINK_FOLLOW) == 0
             ? 0
             : uv_translate_sys_error(errno);
}

static int link_temp(avow__temp_file_t *t) {
  int err = UV_EEXIST;
  for (unsigned slot = 0; slot < TEMP_FILE_TRIES && err == UV_EEXIST; slot++) {
    set_temp(t, slot);
    err = link_as(t, t->temp);
  }
  if (err < 0)
    t->temp[0] = '\0';
  return err;
}

int avow__temp_file_take_place(avow__temp_file_t *t) {
  assert(t->file >= 0);
  if (t->temp[0] == '\0') {
    const int link_err = link_as(t, t->place.name); /* all, if it is free */
    const int temp_err = link_err == UV_EEXIST ? link_temp(t) : link_err;
    if (link_err != UV_EEXIST || temp_err < 0)
      return temp_err;
  }
  const int err = avow__place_rename(temp_place(t), t->place);
  if (err == 0)
    t->temp[0] = '\0';
  return err;
}

void avow__temp_file_close(avow__temp_file_t *t) {
  if (t->file < 0)
    return;
  if (t->temp[0] != '\0')
    (void) avow__place_unlink(temp_place(t)); /* the next writer tries again */
  (void) close(t->file); /* data that must last is already on the disk */
  t->file = -1;
}

int avow__temp_file_replace(avow__place_t place, int mode, avow__fill_fn *fill,
                            void *data) {
  avow__temp_file_t t;
  int err = avow__temp_file_open(&t, place, mode);
  if (err == 0)
    err = fill(t.file, data);
  if (err == 0)
    err = avow__temp_file_take_place(&t);
  avow__temp_file_close(&t);
  return err;
}
