/* SPDX-License-Identifier: MIT */
/* What a request for a file finds. */
#ifndef FOUND_H
#define FOUND_H

#include <avow.h>

#include "request.h"

typedef struct {
  uv_loop_t *loop;
  const char *directory; /* an absolute path without links */
  const request_t *request;
  int status;
  char more[TARGET_MAX + 32]; /* further fields of the answer's head */
  const char *type;           /* of the file */
  int file;                   /* open, if that is to be sent of it; or -1 */
  int64_t offset;             /* what was asked for begins there */
  int64_t len;                /* of that */
} found_t;

/* Looks below the directory for what the request of data, a found_t, names.
   That may take a while: the function is for avow_work(). BYTES: what was asked
   for, if it is short and not just its head. */
avow_value_t found_look(void *data);

/* Closes the file, if it is open: at once, for nothing was written. */
void found_close(found_t *found);

#endif
