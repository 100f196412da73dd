/* SPDX-License-Identifier: MIT */
/*
 * What is to replace something is made beside it, and takes its name once it is
 * whole: until then what was there stays, also if the disk is full. For chores
 * of the thread pool.
 */
#ifndef AVOW_TEMP_NAME_H
#define AVOW_TEMP_NAME_H

#include "sys/dirfd_path.h"

enum { AVOW__BESIDE_NAME = 40 };

/* A name to try: nobody else's in this process, and hardly another's. */
void avow__beside_name(char name[AVOW__BESIDE_NAME]);

/* Makes what is new at the place, where nothing is: 0 or a libuv code,
   UV_EEXIST for another place, please. */
typedef int avow__make_fn(avow__place_t place, const void *data);

/* Has it made beside the place, and renamed to that. Whatever goes wrong
   removes it again. */
int avow__beside(avow__place_t place, avow__make_fn *make, const void *data);

#endif
