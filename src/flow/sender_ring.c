/* SPDX-License-Identifier: MIT */
#include "flow/sender_ring.h"

#include "base/alloc.h"

avow__sender_ring_t *avow__sender_ring_new(size_t capacity) {
  size_t n = 1;
  if (capacity > SIZE_MAX / 2 / AVOW__RING_STEP)
    return NULL;
  while (n < capacity)
    n *= 2;
  avow__sender_ring_t *ring =
      avow_calloc(1, avow__plus(sizeof(*ring),
                                avow__times(n, sizeof(avow__ring_place_t))));
  if (ring == NULL)
    return NULL;
  atomic_init(&ring->next, AVOW__RING_IDLE);
  ring->capacity = capacity;
  ring->mask = n - 1;
  return ring;
}

bool avow__sender_ring_wake(avow__sender_ring_t *ring) {
  return (atomic_fetch_and_explicit(&ring->next, ~(size_t) AVOW__RING_IDLE,
                                    memory_order_acq_rel) &
          AVOW__RING_IDLE) != 0;
}

bool avow__sender_ring_rest(avow__sender_ring_t *ring) {
  size_t first = atomic_load_explicit(&ring->first, memory_order_relaxed);
  return atomic_compare_exchange_strong_explicit(&ring->next, &first,
                                                 first | AVOW__RING_IDLE,
                                                 memory_order_acq_rel,
                                                 memory_order_relaxed);
}

bool avow__sender_ring_lock(avow__sender_ring_t *ring, bool locked) {
  const bool was = (avow__sender_ring_next(ring) & AVOW__RING_LOCKED) != 0;
  if (was != locked)
    (void) atomic_fetch_xor_explicit(&ring->next, AVOW__RING_LOCKED,
                                     memory_order_acq_rel); /* only the flag */
  return was;
}

/* Removes the item at *first, and advances *first. */
static bool place_take(avow__sender_ring_t *ring, size_t *first,
                       avow_value_t *out) {
  avow__ring_place_t *place = avow__sender_ring_at(ring, *first);
  if (!atomic_load_explicit(&place->full, memory_order_acquire))
    return false;
  *out = place->item;
  atomic_store_explicit(&place->full, false, memory_order_relaxed);
  *first += AVOW__RING_STEP;
  return true;
}

bool avow__sender_ring_pop(avow__sender_ring_t *ring, avow_value_t *out) {
  size_t first = atomic_load_explicit(&ring->first, memory_order_relaxed);
  const bool is_there = place_take(ring, &first, out);
  atomic_store_explicit(&ring->first, first, memory_order_release);
  return is_there;
}

/* Threads read `first` with each item that they add, so it changes only once
   here. */
void avow__sender_ring_move(avow__sender_ring_t *ring, avow__ring_t *to) {
  size_t first = atomic_load_explicit(&ring->first, memory_order_relaxed);
  avow_value_t item;
  while (to->count < to->size && place_take(ring, &first, &item))
    avow__ring_add(to, item);
  atomic_store_explicit(&ring->first, first, memory_order_release);
}
