/* SPDX-License-Identifier: MIT */
/* Blocks with handles that the program may close by itself, with uv_walk(). */
#ifndef AVOW_FOREIGN_CLOSE_H
#define AVOW_FOREIGN_CLOSE_H

#include "engine/context.h"

/* A member of such a block. The data of each handle of the block points to the
   block. */
typedef struct avow__foreign_close_s {
  avow__node_t node; /* by `block`: in AVOW__CLOSABLE or AVOW__FOREIGN_CLOSED */
  avow__context_t *context;
  void *block;
  /* If the program has closed a handle of the block, this function ends the
     operations on it, closes the other handles, and returns true. */
  bool (*give_up)(void *block);
  void (*free_fn)(void *block); /* called when its handles are closed */
} avow__foreign_close_t;

/* While the loop closes, give_up() is called until it returns true, or until
   avow__foreign_close_unwatch(). */
void avow__foreign_close_watch(avow__foreign_close_t *foreign);
void avow__foreign_close_unwatch(avow__foreign_close_t *foreign);

/* The program has closed a handle already. give_up() is not called. */
void avow__foreign_close_add(avow__foreign_close_t *foreign);

/* Calls give_up() of all watched blocks. */
void avow__foreign_closes_find(avow__context_t *c);

/* Whether a handle that the program has closed is still closing. */
bool avow__foreign_closes_are_pending(avow__context_t *c);

#endif
