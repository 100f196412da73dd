/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry of a tree, on a thread of the pool: a file with its holes,
 * a symbolic link as a link, a directory before what is in it. These functions
 * return 0 or more, or a libuv code.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"
#include "sys/dirfd_path.h"
#include "uv/work.h"

/* A file or link to be copied, as it was when it was opened: another may have
   its name later. */
typedef struct avow__original_s {
  uv_file file; /* -1: closed */
  char *text;   /* of a link; of a file its path, where places are paths */
} avow__original_t;

/* Opens a file or a link of that lstat, which becomes the stat of what was
   opened. UV_ENOTSUP for all else. A failure leaves *out closed. */
int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out);
void avow__original_close(avow__original_t *original);

typedef struct avow__copying_s {
  const avow__original_t *original;
  const uv_stat_t *stat;
  const avow_copy_options_t *options;
  const avow__chore_t *chore; /* the copy stops when it is unwanted */
} avow__copying_t;

int avow__copy_entry(const avow__copying_t *copying, avow__place_t to);

/* Opens or makes a directory that its owner may enter. 1: made, 0: it was
   there. */
int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out);

/* copy_file_posix.c, copy_file_by_path.c */

int avow__original_open_file(avow__place_t place, uv_stat_t *stat,
                             avow__original_t *out);

/* Makes the copy of a file where nothing is yet, or else UV_EEXIST. */
int avow__copy_file(const avow__copying_t *copying, avow__place_t to);

#endif
