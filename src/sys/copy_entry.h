/* SPDX-License-Identifier: MIT */
/*
 * Copying one entry of a tree, on a thread of the pool: a file with its holes,
 * a symbolic link as a link, a directory before what is in it. These functions
 * return 0 or more, or a libuv code.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"
#include "sys/copy_file.h"

/* Opens a file or a link of that lstat, which becomes the stat of what was
   opened. UV_ENOTSUP for all else. A failure leaves *out closed. */
int avow__original_open(avow__place_t place, uv_stat_t *stat,
                        avow__original_t *out);
void avow__original_close(avow__original_t *original);

int avow__copy_entry(const avow__copying_t *copying, avow__place_t to);

/* Opens or makes a directory that its owner may enter. 1: made, 0: it was
   there. */
int avow__copy_dir(avow__place_t to, const uv_stat_t *stat, avow_keep_t keep,
                   avow__dir_t *out);

#endif
