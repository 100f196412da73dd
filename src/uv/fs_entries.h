/* SPDX-License-Identifier: MIT */
/* The entries of a directory while they are collected. */
#ifndef AVOW_FS_ENTRIES_H
#define AVOW_FS_ENTRIES_H

#include "avow/fs.h"

typedef struct avow__entries_s avow__entries_t;

/* Makes a list with space for `n` entries; NULL if out of memory. */
avow__entries_t *avow__entries_new(size_t n);

/* Adds an entry and returns the list, which may have moved. If out of memory,
   or if `entries` is NULL, returns NULL, and the list is freed. */
avow__entries_t *avow__entries_add(avow__entries_t *entries,
                                   const uv_dirent_t *entry);

/* Takes ownership of the list. */
avow_value_t avow__entries_value(avow__entries_t *entries);

#endif
