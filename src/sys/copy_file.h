/* SPDX-License-Identifier: MIT */
/* Opens a file to be copied, and creates its copy. */
#ifndef AVOW_COPY_FILE_H
#define AVOW_COPY_FILE_H

#include "avow/tree.h"
#include "sys/dir_open.h"
#include "uv/work.h"

/* File or link to be copied. It was opened, because another file may have its
   name later. */
typedef struct avow__original_s {
  uv_file file; /* -1: closed */
  char *text;   /* of a link, or the path of a file where places are paths */
} avow__original_t;

typedef struct avow__copying_s {
  const avow__original_t *original;
  const uv_stat_t *stat;
  const avow_copy_options_t *options;
  const avow__chore_t *chore; /* the copy stops when this is unwanted */
} avow__copying_t;

int avow__original_open_file(avow__place_t place, uv_stat_t *stat,
                             avow__original_t *out);

/* Creates the copy of a file. Fails with UV_EEXIST if the target exists. */
int avow__copy_file(const avow__copying_t *copying, avow__place_t to);

#endif
