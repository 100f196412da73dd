/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry of a tree, on a thread of the pool: a file with its holes,
 * a symbolic link as a link, a directory before what is in it and once more
 * after that. What is there already is treated as the program wants it. They
 * give 0 or more, or a libuv code.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"
#include "sys/dirfd_path.h"
#include "uv/work.h"

/* What is to be copied, as it was when it was opened: whatever has its name
   later. */
typedef struct avow__original_s {
  uv_file file; /* -1: none */
  char *text;   /* of a link; the path where places are paths */
} avow__original_t;

/* Opens a file or a link whose lstat that is, which becomes the stat of what
   was opened. UV_ENOTSUP for all else. A failure leaves *out closed. */
int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out);
void avow__original_close(avow__original_t *original);

typedef struct avow__copying_s {
  const avow__original_t *original;
  const uv_stat_t *stat;
  const avow_copy_options_t *options;
  const avow__chore_t *chore; /* nothing is copied on once nobody wants it */
} avow__copying_t;

int avow__copy_entry(const avow__copying_t *copying, avow__place_t to);

/* The same where nothing is yet, or else UV_EEXIST; data is an
   avow__copying_t. copy_entry_posix.c, copy_entry_by_path.c. */
int avow__copy_new(avow__place_t to, const void *data);

/* A directory that lets its owner in, held open. 1: it was made, 0: it was
   there. */
int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out);

#endif
