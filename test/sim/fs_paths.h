/* SPDX-License-Identifier: MIT */
/* Paths of few names, so that they meet, in a directory that no path leads out
   of. */
#ifndef FS_PATHS_H
#define FS_PATHS_H

#include <stdbool.h>
#include <stdint.h>

enum { PATH = 5000 };

/* The directory, and one deep in it where all begins. */
extern char top[PATH], root[PATH];

void draw_from(uint64_t seed);

/* One of 0 to bound - 1. */
uint64_t draw(uint64_t bound);

/* In one of two places. That of a link does not lead upwards. */
const char *path_of(int i, bool is_link);
const char *some_path(int i);

/* Of a path or a text, without the directory that all is in. */
const char *told(const char *path);

#endif
