/* SPDX-License-Identifier: MIT */
/* Removes a tree even if the promise is canceled or released. */
#ifndef AVOW_REMOVE_H
#define AVOW_REMOVE_H

#include "sys/dir_open.h"
#include "sys/sliced_work.h"

/* Creates the removal of the path without starting it. Returns NULL if out of
   memory. */
avow__shifts_t *avow__remove_new(uv_loop_t *loop, const char *path);

/* Restricts the removal to the directory with this id. */
void avow__remove_only(avow__shifts_t *shifts, avow__file_id_t id);

/* Takes ownership of the removal and starts it. If the loop ends first or has
   ended, the rest is removed at once, on the caller's thread. */
void avow__remove_to_the_end(avow__shifts_t *remove);

#endif
