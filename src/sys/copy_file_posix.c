/* SPDX-License-Identifier: MIT */
/*
 * Copies a file by its descriptor. The permissions and other metadata are set
 * at the end. A user who may not read or run the copy later cannot do so
 * before.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* SEEK_DATA */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/copy_file.h"
#include "sys/metadata.h"
#include "uv/fs_blocking.h"

enum { PERMISSIONS = 0777, PRIVATE_COPY = 0600, BLOCK = 512 };

int avow__original_open_file(avow__place_t place, uv_stat_t *stat,
                             avow__original_t *out) {
  const int file = avow__place_open_file(place, stat);
  if (file >= 0)
    out->file = file;
  return file < 0 ? file : 0;
}

/* Copies from *at to `end` or to the end of the file, and leaves *at there. */
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

/* Returns the start of the next hole or data, as `whence` says, or `end` if
   there is none. */
static uint64_t copy_file_seek(uv_file file, uint64_t start, int whence,
                               uint64_t end) {
  const off_t at = lseek(file, (off_t) start, whence);
  return at >= 0 && (uint64_t) at < end ? (uint64_t) at : end;
}

/* Some files end before the length that the system reports. Those of /sys
   report one page each. */
static int copy_data(const avow__copying_t *c, uv_file to) {
  uint64_t size = c->stat->st_size;
  const uv_file from = c->original->file;
  int err = 0;
  for (uint64_t at = 0; err == 0 && at < size;) {
    at = copy_file_seek(from, at, SEEK_DATA, size);
    const uint64_t hole = copy_file_seek(from, at, SEEK_HOLE, size);
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

static int copy_file_fill(const avow__copying_t *c, uv_file to) {
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

int avow__copy_file(const avow__copying_t *c, avow__place_t to) {
  const uint64_t mode = c->options->keep == AVOW_KEEP_ALL
                            ? PRIVATE_COPY
                            : c->stat->st_mode & PERMISSIONS;
  const uv_file file =
      avow__place_open(to, O_WRONLY | O_CREAT | O_EXCL, (int) mode);
  if (file < 0)
    return file;
  int err = copy_file_fill(c, file);
  const int close_err = avow__disk_close(file);
  if (err == 0)
    err = close_err;
  if (err < 0)
    (void) avow__place_unlink(to); /* the first failure is reported */
  return err;
}
