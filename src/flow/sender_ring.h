/* SPDX-License-Identifier: MIT */
/*
 * The ring of a sender. Any thread adds items without a lock: it claims a place
 * by advancing `next`, writes the item, and marks the place as full. Only the
 * holder of the sender's mutex removes items. The items end at a place that is
 * claimed and not yet full. Its thread is about to write the item.
 *
 * `next` also contains two flags, so that one compare-and-swap claims a place
 * and checks the flags. The number of places is a power of two, which may
 * exceed the capacity.
 */
#ifndef AVOW_SENDER_RING_H
#define AVOW_SENDER_RING_H

#include <stdatomic.h>
#include <uv.h>

#include "base/cacheline_pool.h"
#include "channel/ring.h"

enum {
  AVOW__RING_IDLE = 1,   /* the thread that claims a place must post the mail */
  AVOW__RING_LOCKED = 2, /* claiming a place requires the mutex */
  AVOW__RING_STEP = 4    /* from one position to the next */
};

typedef struct {
  avow_value_t item;
  atomic_bool full;
} avow__ring_place_t;

typedef struct {
  atomic_size_t next; /* position of the next item to add, and flags */
  char apart[AVOW__LINE];
  atomic_size_t first; /* position of the next item to remove */
  size_t capacity, mask;
  avow__ring_place_t places[];
} avow__sender_ring_t;

static inline avow__ring_place_t *avow__sender_ring_at(
    avow__sender_ring_t *ring, size_t position) {
  return &ring->places[(position / AVOW__RING_STEP) & ring->mask];
}

static inline size_t avow__sender_ring_next(const avow__sender_ring_t *ring) {
  return atomic_load_explicit(&ring->next, memory_order_relaxed);
}

/* The number of places that are claimed before the position `next`. It exceeds
   the capacity if `next` is out of date. */
static inline size_t avow__sender_ring_count(const avow__sender_ring_t *ring,
                                             size_t next) {
  const size_t first = atomic_load_explicit(&ring->first, memory_order_acquire);
  return (next - first) / AVOW__RING_STEP;
}

/* Claims a place and returns 0. Returns UV_EAGAIN if the ring is full or has
   one of the flags `refused`. *next is the position, with the flags before. */
static inline int avow__sender_ring_claim(avow__sender_ring_t *ring,
                                          size_t refused, size_t *next) {
  *next = avow__sender_ring_next(ring);
  for (;;) {
    const size_t count = avow__sender_ring_count(ring, *next);
    const size_t after = (*next & ~(size_t) AVOW__RING_IDLE) + AVOW__RING_STEP;
    if ((*next & refused) != 0 || count == ring->capacity)
      return UV_EAGAIN;
    if (count > ring->capacity)
      *next = avow__sender_ring_next(ring);
    else if (atomic_compare_exchange_weak_explicit(&ring->next, next, after,
                                                   memory_order_acq_rel,
                                                   memory_order_relaxed))
      return 0;
  }
}

/* Adds an item at the position that was claimed. */
static inline void avow__sender_ring_put(avow__sender_ring_t *ring, size_t next,
                                         avow_value_t item) {
  avow__ring_place_t *place = avow__sender_ring_at(ring, next);
  place->item = item;
  atomic_store_explicit(&place->full, true, memory_order_release);
}

/* Returns an idle ring; NULL if out of memory. */
avow__sender_ring_t *avow__sender_ring_new(size_t capacity);

/* Clears the flag IDLE. Returns whether it was set. */
bool avow__sender_ring_wake(avow__sender_ring_t *ring);

/* The functions below require the mutex. */

/* Sets the flag IDLE and returns true if the ring is empty. */
bool avow__sender_ring_rest(avow__sender_ring_t *ring);

/* Sets or clears the flag LOCKED. Returns whether it was set. */
bool avow__sender_ring_lock(avow__sender_ring_t *ring, bool locked);

/* Removes the oldest item. Returns false if there is none yet. */
bool avow__sender_ring_pop(avow__sender_ring_t *ring, avow_value_t *out);

/* Moves items to another ring, up to its size. */
void avow__sender_ring_move(avow__sender_ring_t *ring, avow__ring_t *to);

#endif
