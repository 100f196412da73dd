/* SPDX-License-Identifier: MIT */
/* The file that a request asks for. */
#ifndef FOUND_H
#define FOUND_H

#include <avow.h>

#include "request.h"

typedef struct {
  uv_loop_t *loop;
  const char *directory; /* an absolute path without links */
  const request_t *request;
  int status;
  char more[TARGET_MAX + 32]; /* further fields of the response's head */
  const char *type;           /* of the file */
  int file;                   /* open if a part of it must be sent; otherwise
                                 -1 */
  int64_t offset;             /* start of the requested part */
  int64_t len;                /* length of the requested part */
} found_t;

/* Looks for the requested file below the directory. `data` is a found_t. The
   function blocks, so it is meant for avow_work(). BYTES: the requested part,
   if it is short and not only its head is requested. */
avow_value_t found_look(void *data);

/* Closes the file synchronously, if it is open. Nothing was written to it. */
void found_close(found_t *found);

#endif
