/* SPDX-License-Identifier: MIT */
/*
 * What files keep for a loop. A file of the engine that does so puts a part of
 * its own into the context at its first use. A layer above the engine adds a
 * struct with its fields. So the engine names no layer, and a program contains
 * only what it uses.
 */
#ifndef AVOW_LAYER_H
#define AVOW_LAYER_H

#include "engine/context.h"

struct avow__part_s {
  /* Starts closing its handles, and ends what waits. Called again as long as
     anything is closing. */
  void (*close)(avow__context_t *c);
  /* The handles are closed, and nothing of the loop is found any more. */
  void (*free)(avow__context_t *c);
  /* Is what it keeps as it should be? For avow__check_loop(). */
  void (*check)(avow__context_t *c);
  /* The last reference to the context is gone. Of layers. */
  void (*at_end)(avow__context_t *c);
};

/* The head of what a layer keeps for a loop. The context frees it last. */
struct avow__layer_s {
  const avow__part_t *part;
};

/* The layer of that number, zeroed when it is new; NULL without memory, and
   once the loop is closed. A layer is numbered by its place in src/meson.build:
   the highest closes first. */
void *avow__layer_open(avow__context_t *c, int number, const avow__part_t *part,
                       size_t size);

/* The part of the layer of that number; NULL if the layer is not in use. */
const avow__part_t *avow__layer_part(const avow__context_t *c, int number);

/* The context goes. */
void avow__layers_free(avow__context_t *c);

#endif
