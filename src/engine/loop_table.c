/* SPDX-License-Identifier: MIT */
/*
 * The table of all loops. A loop is found among the few entries that follow the
 * one its address says, on one of the shelves: each is eight times the one
 * before, and the largest is tried first. So one is found in constant time, on
 * average. Shelves that were added stay until the library goes, for other
 * threads may be reading there.
 */
#include "engine/loop_table.h"

#include <assert.h>

#include "base/alloc.h"

enum { NEARBY = 8, GROWTH_LOG = 3 };

/* Keys of no loop: NULL is not ready either, and 0 | 1 its key. */
enum { VACANT = 0, TAKEN = 2 };

avow__entry_t avow__registry[AVOW__ENTRIES];

static avow__shelf_t first = { .entries = avow__registry,
                               .log = AVOW__ENTRIES_LOG };

avow__shelf_t *_Atomic avow__shelves = &first;

static avow__entry_t *nth(const avow__shelf_t *shelf, const uv_loop_t *loop,
                          uint32_t n) {
  const uint32_t last = (UINT32_C(1) << shelf->log) - 1;
  return &shelf->entries[(avow__entry_hash(loop, shelf->log) + n) & last];
}

static avow__shelf_t *largest_shelf(void) {
  return atomic_load_explicit(&avow__shelves, memory_order_acquire);
}

static avow__entry_t *registry_find(const uv_loop_t *loop) {
  for (const avow__shelf_t *shelf = largest_shelf(); shelf != NULL;
       shelf = shelf->smaller)
    for (uint32_t n = 0; n < NEARBY; n++)
      if (avow__entry_is_of(nth(shelf, loop, n), loop))
        return nth(shelf, loop, n);
  return NULL;
}

avow__context_t *avow__registry_find(const uv_loop_t *loop) {
  const avow__entry_t *entry = registry_find(loop);
  return entry != NULL ? entry->context : NULL;
}

/* What the last loop's thread did with the entry comes before. */
static bool registry_take(avow__entry_t *entry) {
  uintptr_t key = VACANT;
  return atomic_compare_exchange_strong_explicit(&entry->key, &key, TAKEN,
                                                 memory_order_acquire,
                                                 memory_order_relaxed);
}

static avow__entry_t *take_on(const avow__shelf_t *shelf,
                              const uv_loop_t *loop) {
  for (; shelf != NULL; shelf = shelf->smaller)
    for (uint32_t n = 0; n < NEARBY; n++)
      if (registry_take(nth(shelf, loop, n)))
        return nth(shelf, loop, n);
  return NULL;
}

/* Makes the next, unless another thread has. False without memory. */
static bool extend(avow__shelf_t *largest) {
  const uint32_t log = largest->log + GROWTH_LOG;
  avow__shelf_t *shelf =
      avow_calloc(1, sizeof(*shelf) + (sizeof(avow__entry_t) << log));
  if (shelf == NULL)
    return false;
  shelf->smaller = largest;
  shelf->entries = (avow__entry_t *) (void *) (shelf + 1);
  shelf->log = log;
  if (!atomic_compare_exchange_strong(&avow__shelves, &largest, shelf))
    avow_free(shelf); /* another thread was first */
  return true;
}

bool avow__registry_add(const uv_loop_t *loop, avow__context_t *c) {
  assert(registry_find(loop) == NULL);
  avow__shelf_t *largest = largest_shelf();
  avow__entry_t *entry;
  while ((entry = take_on(largest, loop)) == NULL) {
    if (!extend(largest))
      return false;
    largest = largest_shelf();
  }
  entry->context = c;
  atomic_store_explicit(&entry->key, avow__key_of(loop), memory_order_release);
  return true;
}

void avow__registry_remove(const uv_loop_t *loop) {
  avow__entry_t *entry = registry_find(loop);
  assert(entry != NULL); /* it was added */
  entry->context = NULL;
  atomic_store_explicit(&entry->key, VACANT, memory_order_release);
}

static bool is_vacant(const avow__shelf_t *shelf) {
  for (uint32_t n = 0; n >> shelf->log == 0; n++)
    if (atomic_load(&shelf->entries[n].key) != VACANT)
      return false;
  return true;
}

AVOW__AT_UNLOAD void avow__registry_end(void) {
  avow__shelf_t *shelf = largest_shelf();
  for (const avow__shelf_t *at = shelf; at != NULL; at = at->smaller)
    if (!is_vacant(at))
      return;
  atomic_store(&avow__shelves, &first);
  while (shelf != &first) {
    assert(shelf != NULL); /* the first has no smaller one */
    avow__shelf_t *smaller = shelf->smaller;
    avow_free(shelf);
    shelf = smaller;
  }
}
