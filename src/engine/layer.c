/* SPDX-License-Identifier: MIT */
#include "engine/layer.h"

#include "base/alloc.h"

void *avow__layer_open(avow__context_t *c, int number,
                       const avow__subsystem_t *subsystem, size_t size) {
  assert(number < AVOW__LAYERS);
  if (c->layers[number] != NULL || c->life == AVOW__CLOSED)
    return c->layers[number];
  avow__layer_t *layer = avow_calloc(1, size);
  if (layer == NULL)
    return NULL;
  layer->subsystem = subsystem;
  c->layers[number] = layer;
  return layer;
}

const avow__subsystem_t *avow__layer_subsystem(const avow__context_t *c,
                                               int number) {
  const avow__layer_t *layer = c->layers[number];
  return layer != NULL ? layer->subsystem : NULL;
}
