/* SPDX-License-Identifier: MIT */
/* Writing whole files: what its ways share. */
#ifndef AVOW_WHOLE_FILE_PRIVATE_H
#define AVOW_WHOLE_FILE_PRIVATE_H

#include "uv/work.h"

typedef struct {
  avow__chore_t chore;
  const char *name; /* of the operation */
  int flags, mode;
  avow_value_t bytes;
  size_t done; /* of them */
  char path[];
} avow__write_file_t;

/* A chore like that one, with copies of its name, flags, mode and function.
   Takes the bytes. */
avow_promise_t *avow__file_write(uv_loop_t *loop, const avow__write_file_t *how,
                                 const char *path, avow_value_t bytes);

/* Writes all of them, unless nobody wants that any more. */
int avow__file_fill(avow__write_file_t *write, uv_file file);

/* What the chore has come to. */
avow_value_t avow__file_written(const avow__write_file_t *write, int err);

#endif
