/* SPDX-License-Identifier: MIT */
/*
 * A new file in a directory, until it takes the name that it is for. Where the
 * file system has that, it is without any name until then: a process that is
 * killed leaves nothing of it. A temporary name is one of a few that are kept
 * for that name, and its file is locked while its writer lives: whoever makes
 * the next one removes what nobody holds the lock of. For chores of the thread
 * pool, on POSIX.
 */
#ifndef AVOW_TEMP_FILE_H
#define AVOW_TEMP_FILE_H

#include <uv.h>

enum { AVOW__TEMP_NAME = 40 };

typedef struct avow__temp_file_s {
  int dir;          /* that it is in; a borrowed descriptor */
  const char *name; /* that it is for; borrowed */
  uv_file file;
  char temp[AVOW__TEMP_NAME]; /* its name now; "" for none */
} avow__temp_file_t;

/* To be written to, with the mode less what new files are not to have (umask).
   A failure leaves it closed. */
int avow__temp_file_open(avow__temp_file_t *t, int dir, const char *name,
                         int mode);

/* It gets the name that it is for, and what had that loses it. */
int avow__temp_file_take_place(avow__temp_file_t *t);

/* It goes unless it has that name. Also one that is closed. */
void avow__temp_file_close(avow__temp_file_t *t);

#endif
