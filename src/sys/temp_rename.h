/* SPDX-License-Identifier: MIT */
/*
 * A replacement is created beside its target and takes the target's name when
 * it is complete. Until then, the old entry stays, even if the disk is full.
 * These functions are for the thread pool.
 */
#ifndef AVOW_TEMP_RENAME_H
#define AVOW_TEMP_RENAME_H

#include "sys/dir_open.h"

/* Creates the entry at an unused place. Returns 0 or a libuv code. After
   UV_EEXIST, the function is called again for another place. */
typedef int avow__make_fn(avow__place_t place, const void *data);

/* Creates the entry beside the place and renames it to the place. On failure,
   removes the new entry. */
int avow__beside(avow__place_t place, avow__make_fn *make, const void *data);

#endif
