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

/* The layer of that number, zeroed when it is new; NULL without memory, and
   once the loop is closed. A layer is numbered by its place in src/meson.build:
   the highest closes first. */
void *avow__layer_open(avow__context_t *c, int number, const avow__part_t *part,
                       size_t size);

/* The part of the layer of that number; NULL if the layer is not in use. */
const avow__part_t *avow__layer_part(const avow__context_t *c, int number);

#endif
