/* SPDX-License-Identifier: MIT */
/* Removing a tree that must go, whatever becomes of the promise. */
#ifndef AVOW_REMOVE_H
#define AVOW_REMOVE_H

#include "sys/dir_open.h"
#include "sys/sliced_work.h"

/* The removal of the path, not begun; NULL without memory. */
avow__shifts_t *avow__remove_new(uv_loop_t *loop, const char *path);

/* Restricts the removal to the directory of that id. */
void avow__remove_only(avow__shifts_t *shifts, avow__file_id_t id);

/* Takes it. When the loop ends first, or has, what is left is removed at once,
   on the caller's thread. */
void avow__remove_to_the_end(avow__shifts_t *remove);

#endif
