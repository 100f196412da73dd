/* SPDX-License-Identifier: MIT */
/*
 * The new file that takes the place of the one that a path leads to, or of
 * none, in one go. Until then, whatever goes wrong removes it and leaves the
 * old one as it was. For chores of the thread pool; they give 0 or a libuv
 * code.
 */
#ifndef AVOW_ATOMIC_FILE_H
#define AVOW_ATOMIC_FILE_H

#include <stdbool.h>
#include <uv.h>

#include "sys/dirfd_path.h"

#ifndef AVOW_BY_PATHS
#  include <sys/stat.h>

#  include "sys/temp_file.h"
#endif

typedef struct avow__successor_s {
  uv_file file;  /* to be written to */
  char *path;    /* where it belongs: symbolic links are followed */
  bool is_there; /* an old one */
#ifdef AVOW_BY_PATHS
  char *new_path; /* in the same directory */
  size_t name_at;
  int mode;
#else
  int dir; /* that it belongs to */
  struct stat old;
  avow__temp_file_t temp;
#endif
} avow__successor_t;

/* Where there is no old one it gets the mode. To be closed also if this
   fails. */
int avow__successor_open(avow__successor_t *s, const char *path, int mode);

/* It gets what the old one has beside its bytes, if there is one. */
int avow__successor_inherit(avow__successor_t *s);

int avow__successor_take_place(avow__successor_t *s);

/* Has the disk know of its name. It is the last thing that is done. */
int avow__successor_sync(avow__successor_t *s);

void avow__successor_close(avow__successor_t *s);

#endif
