/* SPDX-License-Identifier: MIT */
/*
 * Metadata that a new file keeps of another: owner, group, extended attributes
 * with the ACL, mode and times. Two policies differ.
 *
 * A file that replaces another keeps all of these except the times, set-uid
 * bits and attributes of the bytes. No user gets more access: if something is
 * lost, the permissions are narrowed.
 *
 * A copy keeps what cp -a keeps, as far as the system allows it. Set-uid bits
 * and capabilities are dropped if the owner is lost.
 *
 * These functions are for the thread pool. They return 0 or a libuv code.
 */
#ifndef AVOW_METADATA_H
#define AVOW_METADATA_H

#include "avow/tree.h"
#include "sys/dir_open.h"

/* Gives `file` the metadata of the regular file at the place, whose lstat was
   `seen`. */
int avow__metadata_replace(avow__place_t place, const uv_stat_t *seen,
                           uv_file file);

/* Gives a copy the metadata of the original after all bytes were written. Only
   on POSIX. */
int avow__metadata_copy(uv_file from, const uv_stat_t *stat, uv_file to);

/* Gives a link its owner and times, as far as the system allows it. */
void avow__metadata_copy_link(avow__place_t place, const uv_stat_t *stat);

/* Gives a new directory its attributes before it is filled. If the ACL is lost,
   narrows the mode in `stat`, which the directory gets at the end. */
int avow__metadata_copy_dir(const avow__dir_t *from, const avow__dir_t *to,
                            uv_stat_t *stat);

/* Gives a directory its other metadata after it was filled. */
int avow__metadata_end_dir(avow__place_t place, const avow__dir_t *dir,
                           const uv_stat_t *stat, avow_keep_t keep);

#endif
