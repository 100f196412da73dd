/* SPDX-License-Identifier: MIT */
/*
 * What a new file has of the one that it replaces: owner, group, permissions,
 * ACL and attributes. Nobody gets more access by it than there was: what cannot
 * be kept narrows the permissions. For chores of the thread pool, on POSIX.
 */
#ifndef AVOW_INHERIT_H
#define AVOW_INHERIT_H

#include <sys/stat.h>

/* The file gets what the one of that name in the directory has, a regular one
   when it was seen. 0 or a libuv code. */
int avow__inherit(int dir, const char *name, const struct stat *seen, int file);

#endif
