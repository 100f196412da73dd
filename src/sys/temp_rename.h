/* SPDX-License-Identifier: MIT */
/*
 * A replacement is made beside what it replaces and takes its name when it is
 * complete: until then the old one stays, also if the disk is full. For the
 * thread pool.
 */
#ifndef AVOW_TEMP_RENAME_H
#define AVOW_TEMP_RENAME_H

#include "sys/dir_open.h"

/* Makes it where nothing is: 0 or a libuv code. After UV_EEXIST it is
   called again for another place. */
typedef int avow__make_fn(avow__place_t place, const void *data);

/* Makes it beside the place and renames it to the place. A failure removes
   it. */
int avow__beside(avow__place_t place, avow__make_fn *make, const void *data);

#endif
