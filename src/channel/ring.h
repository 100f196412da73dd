/* SPDX-License-Identifier: MIT */
/* Rings: the buffered items of a channel, first in, first out. */
#ifndef AVOW_RING_H
#define AVOW_RING_H

#include <assert.h>
#include <stddef.h>

#include "avow/value.h"
#include "base/alloc.h"

typedef struct avow__ring_s {
  size_t room;  /* capacity in items; a source may exceed it */
  size_t size;  /* length of items[] */
  size_t first; /* index of the next item to be taken */
  size_t count;
  avow_value_t items[];
} avow__ring_t;

enum { AVOW__RING_MIN = 8 };

/* NULL if out of memory. */
static inline avow__ring_t *avow__ring_new(size_t room, size_t size) {
  avow__ring_t *ring = avow_malloc(
      avow__plus(sizeof(*ring), avow__times(size, sizeof(avow_value_t))));
  if (ring == NULL)
    return NULL;
  ring->room = room;
  ring->size = size;
  ring->first = 0;
  ring->count = 0;
  return ring;
}

static inline avow_value_t avow__ring_pop(avow__ring_t *ring) {
  const avow_value_t item = ring->items[ring->first];
  ring->first = ring->first + 1 < ring->size ? ring->first + 1 : 0;
  ring->count--;
  return item;
}

static inline void avow__ring_add(avow__ring_t *ring, avow_value_t item) {
  assert(ring->count < ring->size);
  const size_t to_end = ring->size - ring->first;
  const size_t at =
      ring->count < to_end ? ring->first + ring->count : ring->count - to_end;
  ring->items[at] = item;
  ring->count++;
}

/* Twice the size, but at least AVOW__RING_MIN. Limited to the capacity, unless
   the ring is already as large. */
static inline size_t avow__ring_next_size(const avow__ring_t *ring) {
  if (ring == NULL)
    return AVOW__RING_MIN;
  if (ring->size < ring->room && ring->size >= ring->room / 2)
    return ring->room;
  return ring->size * 2;
}

#endif
