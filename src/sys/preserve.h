/* SPDX-License-Identifier: MIT */
/*
 * What a copy has of its original beside its bytes, as cp -a keeps it: owner,
 * group, attributes with ACLs, mode and times. What lets a program run as its
 * owner or group goes where these cannot be kept. For chores of the thread
 * pool, on POSIX.
 */
#ifndef AVOW_PRESERVE_H
#define AVOW_PRESERVE_H

#include "sys/dirfd_path.h"

/* All of a file's, which has its bytes by now. 0 or a libuv code. */
int avow__keep_file(int from, const uv_stat_t *stat, int to);

/* What can be kept of a directory before it is filled, as far as the system
   lets one. Of a mode whose ACL is lost the group's bits go: they are no
   permissions of the group then. */
void avow__keep_attributes(int from, int to, uv_stat_t *stat);

/* Owner, mode and times of what has its attributes. 0 or a libuv code. */
int avow__keep_stat(const uv_stat_t *stat, int to);

/* The owner and the times of a link, as far as the system lets one. */
void avow__keep_link(avow__place_t place, const uv_stat_t *stat);

#endif
