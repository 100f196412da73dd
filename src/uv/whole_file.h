/* SPDX-License-Identifier: MIT */
/* Writing of whole files: the common part. */
#ifndef AVOW_WHOLE_FILE_PRIVATE_H
#define AVOW_WHOLE_FILE_PRIVATE_H

#include "uv/work.h"

typedef struct {
  avow__chore_t chore;
  const char *name; /* operation name */
  int flags, mode;
  avow_value_t bytes;
  size_t done; /* bytes already written */
  char path[];
} avow__write_file_t;

/* Starts a chore with copies of the name, flags, mode and function of `how`.
   Takes ownership of `bytes`. */
avow_promise_t *avow__file_write(uv_loop_t *loop, const avow__write_file_t *how,
                                 const char *path, avow_value_t bytes);

/* Writes all bytes, unless the chore is canceled. */
int avow__file_fill(avow__write_file_t *write, uv_file file);

/* The result of the chore. */
avow_value_t avow__file_written(const avow__write_file_t *write, int err);

#endif
