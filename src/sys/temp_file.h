/* SPDX-License-Identifier: MIT */
/*
 * A new file in a directory, until it takes the name that it is for. Where the
 * file system supports it, the file has no name until then: a process that is
 * killed leaves nothing of it. A temporary name is one of a few that belong to
 * the final name, and its file is locked while its writer lives: the next
 * writer removes those that are not locked. For the thread pool.
 *
 * Where places are paths, temporary names are random and remain if the process
 * is killed.
 */
#ifndef AVOW_TEMP_FILE_H
#define AVOW_TEMP_FILE_H

#include "sys/dir_open.h"

/* Writes to the file; returns 0 or a libuv code. */
typedef int avow__fill_fn(uv_file file, void *data);

/* Fills a new file, which replaces what is at the place. Any failure removes
   the file. 0 or a libuv code. */
int avow__temp_file_replace(avow__place_t place, int mode, avow__fill_fn *fill,
                            void *data);

#ifndef AVOW_BY_PATHS

enum { AVOW__TEMP_NAME = 40 };

typedef struct avow__temp_file_s {
  avow__place_t place; /* that it is for; borrowed */
  uv_file file;
  char temp[AVOW__TEMP_NAME]; /* its name now; "" for none */
} avow__temp_file_t;

/* Opens it to write, with the mode less the umask. A failure leaves it
   closed. */
int avow__temp_file_open(avow__temp_file_t *t, avow__place_t place, int mode);

/* Gives it the name that it is for, in place of what had that name. */
int avow__temp_file_take_place(avow__temp_file_t *t);

/* Removes it unless it has that name. Accepts a closed one. */
void avow__temp_file_close(avow__temp_file_t *t);

#endif

#endif
