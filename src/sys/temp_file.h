/* SPDX-License-Identifier: MIT */
/*
 * A new file in a directory, until it takes its final name. If the file system
 * supports it, the file has no name until then, and a killed process leaves
 * nothing behind. Otherwise it has one of a few temporary names that belong to
 * the final name. The file is locked while its writer lives, and the next
 * writer removes files that are not locked. These functions are for the thread
 * pool.
 *
 * Where places are paths, temporary names are random, and the files remain if
 * the process is killed.
 */
#ifndef AVOW_TEMP_FILE_H
#define AVOW_TEMP_FILE_H

#include "sys/dir_open.h"

/* Writes to the file. Returns 0 or a libuv code. */
typedef int avow__fill_fn(uv_file file, void *data);

/* Fills a new file and replaces the entry at the place with it. Any failure
   removes the new file. Returns 0 or a libuv code. */
int avow__temp_file_replace(avow__place_t place, int mode, avow__fill_fn *fill,
                            void *data);

#ifndef AVOW__AT_BY_PATH

enum { AVOW__TEMP_NAME = 40 };

typedef struct avow__temp_file_s {
  avow__place_t place; /* final place; borrowed */
  uv_file file;
  char temp[AVOW__TEMP_NAME]; /* current name; "" for none */
} avow__temp_file_t;

/* Opens the file for writing, with the mode less the umask. On failure, it
   stays closed. */
int avow__temp_file_open(avow__temp_file_t *t, avow__place_t place, int mode);

/* Gives the file its final name and replaces the entry of that name. */
int avow__temp_file_take_place(avow__temp_file_t *t);

/* Removes the file unless it has its final name. Accepts a closed file. */
void avow__temp_file_close(avow__temp_file_t *t);

#endif

#endif
