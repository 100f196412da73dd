/* SPDX-License-Identifier: MIT */
/*
 * What a new file keeps of another beside its bytes: owner, group, extended
 * attributes with the ACL, mode, times. Two policies differ in it.
 *
 * A file that replaces another keeps all but the times, set-uid bits and
 * attributes of the bytes. Nobody gets more access: if something is lost, the
 * permissions are narrowed.
 *
 * A copy keeps what cp -a keeps, as far as the system allows it. Set-uid bits
 * and capabilities are dropped if the owner is lost.
 *
 * These are for the thread pool. They return 0 or a libuv code.
 */
#ifndef AVOW_METADATA_H
#define AVOW_METADATA_H

#include "avow/tree.h"
#include "sys/dir_open.h"

/* Gives `file` what the regular file at the place has, whose lstat was
   `seen`. */
int avow__metadata_replace(avow__place_t place, const uv_stat_t *seen,
                           uv_file file);

/* Gives a copy with all its bytes what the original has. On POSIX. */
int avow__metadata_copy(uv_file from, const uv_stat_t *stat, uv_file to);

/* Gives a link the owner and the times, as far as the system allows it. */
void avow__metadata_copy_link(avow__place_t place, const uv_stat_t *stat);

/* Gives a new directory its attributes before it is filled. Narrows the mode
   of `stat`, which it gets in the end, if the ACL is lost. */
int avow__metadata_copy_dir(const avow__dir_t *from, const avow__dir_t *to,
                            uv_stat_t *stat);

/* Gives a directory that is filled what else it keeps. */
int avow__metadata_end_dir(avow__place_t place, const avow__dir_t *dir,
                           const uv_stat_t *stat, avow_keep_t keep);

#endif
