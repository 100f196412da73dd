/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry by open files and places. As cp has it, the mode of the
 * copy is what the umask leaves of the original's permissions; and what is to
 * be kept beside is kept at the end, so that nobody reads or runs the copy
 * before who could not do so later.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* SEEK_DATA */

#include "sys/copy_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/metadata.h"
#include "uv/fs_sync.h"

enum { PERMISSIONS = 0777, OWNER = 0700, PRIVATE = 0600, BLOCK = 512 };

int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  *out = (avow__original_t){ .file = -1 };
  if (type == UV_DIRENT_FILE) {
    const int file = avow__place_open_file(place, stat);
    out->file = file < 0 ? -1 : file;
    return file < 0 ? file : 0;
  }
  return type == UV_DIRENT_LINK ? avow__place_readlink(place, &out->text)
                                : UV_ENOTSUP;
}

void avow__original_close(avow__original_t *original) {
  if (original->file >= 0)
    (void) avow__disk_close(original->file); /* it was only read from */
  avow_free(original->text);
  *original = (avow__original_t){ .file = -1 };
}

/* Copies from *at up to end, or to the end of the file, where *at is then. */
static int copy_part(const avow__copying_t *c, uv_file to, uint64_t *at,
                     uint64_t end) {
  while (*at < end) {
    if (avow__chore_is_unwanted(c->chore))
      return UV_ECANCELED;
    const int n = avow__disk_send(to, c->original->file, *at, end - *at);
    if (n <= 0)
      return n;
    *at += (uint64_t) n;
  }
  return 0;
}

#if defined(SEEK_DATA) && defined(SEEK_HOLE)

/* Where the next hole begins, or what comes after it, as whence has it; the end
   if there is none. */
static uint64_t copy_entry_seek(uv_file file, uint64_t start, int whence,
                                uint64_t end) {
  const off_t at = lseek(file, (off_t) start, whence);
  return at >= 0 && (uint64_t) at < end ? (uint64_t) at : end;
}

/* Some files end before the length that the system gives them: those of /sys
   have one page each. */
static int copy_data(const avow__copying_t *c, uv_file to) {
  uint64_t size = c->stat->st_size;
  const uv_file from = c->original->file;
  int err = 0;
  for (uint64_t at = 0; err == 0 && at < size;) {
    at = copy_entry_seek(from, at, SEEK_DATA, size);
    const uint64_t hole = copy_entry_seek(from, at, SEEK_HOLE, size);
    err = lseek(to, (off_t) at, SEEK_SET) < 0 ? uv_translate_sys_error(errno)
                                              : copy_part(c, to, &at, hole);
    if (at < hole)
      size = at;
  }
  return err < 0 ? err : avow__disk_ftruncate(to, size);
}

static bool can_tell_holes(uv_file file) {
  return lseek(file, 0, SEEK_DATA) >= 0 || errno == ENXIO;
}

#else

static int copy_data(const avow__copying_t *c, uv_file to) {
  uint64_t at = 0;
  return copy_part(c, to, &at, c->stat->st_size);
}

static bool can_tell_holes(uv_file file) {
  return false;
}

#endif

static int copy_entry_fill(const avow__copying_t *c, uv_file to) {
  const uv_stat_t *stat = c->stat;
  const bool has_holes = stat->st_blocks * BLOCK < stat->st_size &&
                         can_tell_holes(c->original->file);
  uint64_t at = 0;
  const int err =
      has_holes ? copy_data(c, to) : copy_part(c, to, &at, stat->st_size);
  if (err < 0 || c->options->keep != AVOW_KEEP_ALL)
    return err;
  return avow__metadata_copy(c->original->file, stat, to);
}

static int copy_file(const avow__copying_t *c, avow__place_t to) {
  const uint64_t mode = c->options->keep == AVOW_KEEP_ALL
                            ? PRIVATE
                            : c->stat->st_mode & PERMISSIONS;
  const uv_file file =
      avow__place_open(to, O_WRONLY | O_CREAT | O_EXCL, (int) mode);
  if (file < 0)
    return file;
  int err = copy_entry_fill(c, file);
  const int close_err = avow__disk_close(file);
  if (err == 0)
    err = close_err;
  if (err < 0)
    (void) avow__place_unlink(to); /* the first failure is told */
  return err;
}

static int copy_link(const avow__copying_t *c, avow__place_t to) {
  const int err = avow__place_symlink(to, c->original->text);
  if (err == 0 && c->options->keep == AVOW_KEEP_ALL)
    avow__metadata_copy_link(to, c->stat);
  return err;
}

int avow__copy_new(avow__place_t to, const void *data) {
  const avow__copying_t *c = data;
  return c->original->text != NULL ? copy_link(c, to) : copy_file(c, to);
}

int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out) {
  const uint64_t mode =
      keep == AVOW_KEEP_ALL ? OWNER : (stat->st_mode & PERMISSIONS) | OWNER;
  const int made = avow__place_mkdir(to, (int) mode);
  if (made < 0 && made != UV_EEXIST)
    return made;
  const int err = avow__dir_hold(to, AVOW__HOLD, out);
  return err < 0 ? err : made == 0;
}
