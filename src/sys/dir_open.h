/* SPDX-License-Identifier: MIT */
/* Opens and reopens directories: down by a name, up by "..". */
#ifndef AVOW_DIR_OPEN_H
#define AVOW_DIR_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/at.h"

/* Identifies a file or directory while it exists. */
typedef struct avow__file_id_s {
  uint64_t dev, ino;
} avow__file_id_t;

static inline avow__file_id_t avow__file_id(const uv_stat_t *stat) {
  return (avow__file_id_t){ stat->st_dev, stat->st_ino };
}

static inline bool avow__file_is(const uv_stat_t *stat, avow__file_id_t id) {
  return stat->st_dev == id.dev && stat->st_ino == id.ino;
}

/* Returns the text that denotes the place. */
static inline const char *avow__place_text(avow__place_t place) {
  return AVOW__PLACES_ARE_PATHS ? place.path : place.name;
}

/* Opens a directory and starts to read its entries. */
int avow__dir_open(avow__place_t place, avow__hold_t how, avow__dir_t *out);

/* Opens the directory that contains the last name of the path, which starts at
   *name_at. A relative path starts in `from`. Returns 0 and leaves *out closed
   for the root directory and where places are paths. Writes to the path during
   the call. */
int avow__dir_open_above(const avow__dir_t *from, char *path, avow__dir_t *out,
                         size_t *name_at);

/* Opens a regular file for reading. Fails with UV_ENOTSUP for other types. On
   success, *stat becomes that of the opened file. */
int avow__place_open_file(avow__place_t place, uv_stat_t *stat);

int avow__dir_id(const avow__dir_t *dir, avow__file_id_t *out);

/* Reopens the directory above `below`, without reading its entries. Fails with
   UV_ENOENT if it is not the directory of `id`, because another process has
   moved `below`. */
int avow__dir_reopen(const avow__dir_t *below, avow__file_id_t id,
                     avow__dir_t *out);

#endif
