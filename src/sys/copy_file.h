/* SPDX-License-Identifier: MIT */
/* Opening a file that is copied, and making its copy. */
#ifndef AVOW_COPY_FILE_H
#define AVOW_COPY_FILE_H

#include "avow/tree.h"
#include "sys/dir_open.h"
#include "uv/work.h"

/* A file or link to be copied, as it was when it was opened: another may have
   its name later. */
typedef struct avow__original_s {
  uv_file file; /* -1: closed */
  char *text;   /* of a link; of a file its path, where places are paths */
} avow__original_t;

typedef struct avow__copying_s {
  const avow__original_t *original;
  const uv_stat_t *stat;
  const avow_copy_options_t *options;
  const avow__chore_t *chore; /* the copy stops when it is unwanted */
} avow__copying_t;

int avow__original_open_file(avow__place_t place, uv_stat_t *stat,
                             avow__original_t *out);

/* Makes the copy of a file where nothing is yet, or else UV_EEXIST. */
int avow__copy_file(const avow__copying_t *copying, avow__place_t to);

#endif
