/* SPDX-License-Identifier: MIT */
/* Paths with few different names, so that they often coincide. No path leaves
   the temporary directory. */
#ifndef FS_PATHS_H
#define FS_PATHS_H

#include <stdbool.h>
#include <stdint.h>

enum { PATH = 5000 };

/* The temporary directory, and the directory deep in it in which each sequence
   starts. */
extern char top[PATH], root[PATH];

void draw_from(uint64_t seed);

/* Returns a random number from 0 to bound - 1. */
uint64_t draw(uint64_t bound);

/* Returns a path in buffer 0 or 1. The path of a link does not lead upward. */
const char *path_of(int i, bool is_link);
const char *some_path(int i);

/* Removes the temporary directory from a path or a text. */
const char *told(const char *path);

#endif
