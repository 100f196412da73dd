/* SPDX-License-Identifier: MIT */
/* The entries of a directory, as they are collected. */
#ifndef AVOW_FS_ENTRIES_H
#define AVOW_FS_ENTRIES_H

#include "avow/fs.h"

typedef struct avow__entries_s avow__entries_t;

/* Room for n entries; NULL without memory. */
avow__entries_t *avow__entries_new(size_t n);

/* Adds one of them, and returns where they all are now. NULL, also for NULL: no
   memory, and there are none any more. */
avow__entries_t *avow__entries_add(avow__entries_t *entries,
                                   const uv_dirent_t *entry);

/* Takes them. */
avow_value_t avow__entries_value(avow__entries_t *entries);

#endif
