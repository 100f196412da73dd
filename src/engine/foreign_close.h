/* SPDX-License-Identifier: MIT */
/* Blocks whose handles the program may close by itself, with uv_walk(). */
#ifndef AVOW_FOREIGN_CLOSE_H
#define AVOW_FOREIGN_CLOSE_H

#include "engine/context.h"

/* A stray is part of the block, to which the data of each of its handles
   points. */
typedef struct avow__stray_s {
  avow__node_t node; /* by the block: among those tethered, or the strays */
  avow__context_t *context;
  void *block;
  /* If the program has closed a handle: gives up all that waits for it, and the
     other handles, and says so. */
  bool (*give_up)(void *block);
  void (*free_fn)(void *block); /* once the handles of a stray are closed */
} avow__stray_t;

/* Asks give_up() while the loop closes, until then or avow__stray_forget(). */
void avow__stray_tether(avow__stray_t *stray);
void avow__stray_forget(avow__stray_t *stray);

/* It is one already; of give_up() there is no need. */
void avow__stray_add(avow__stray_t *stray);

/* Finds those of which the program has closed a handle. */
void avow__strays_seek(avow__context_t *c);

/* Whether such handles are still closing. */
bool avow__strays_are_closing(avow__context_t *c);

#endif
