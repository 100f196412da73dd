/*
 * The table of all loops. A loop is found among the few entries that follow the
 * one its address says, on the first shelf or on a later one. Shelves that were
 * added stay until the library goes, for other threads may be reading there.
 */
#include "engine/registry.h"

#include <assert.h>

#include "base/alloc.h"

enum { NEARBY = 8 };

/* Keys of no loop: NULL is not ready either, and 0 | 1 its key. */
enum { VACANT = 0, TAKEN = 2 };

avow__shelf_t avow__registry;

static avow__entry_t *nth(avow__shelf_t *shelf, const uv_loop_t *loop,
                          uint32_t n) {
  return &shelf->entries[(avow__entry_hash(loop) + n) % AVOW__ENTRIES];
}

static avow__shelf_t *registry_after(avow__shelf_t *shelf) {
  return atomic_load_explicit(&shelf->next, memory_order_acquire);
}

static avow__entry_t *registry_find(const uv_loop_t *loop) {
  for (avow__shelf_t *shelf = &avow__registry; shelf != NULL;
       shelf = registry_after(shelf))
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

static avow__entry_t *take_on(avow__shelf_t *shelf, const uv_loop_t *loop) {
  for (uint32_t n = 0; n < NEARBY; n++)
    if (registry_take(nth(shelf, loop, n)))
      return nth(shelf, loop, n);
  return NULL;
}

/* Finds or makes the shelf behind one that has no room; NULL without memory. */
static avow__shelf_t *extend(avow__shelf_t *shelf) {
  avow__shelf_t *next = registry_after(shelf);
  if (next != NULL)
    return next;
  avow__shelf_t *made = avow__calloc(1, sizeof(*made));
  if (made == NULL || atomic_compare_exchange_strong(&shelf->next, &next, made))
    return made;
  avow__free(made); /* another thread was first */
  return next;
}

bool avow__registry_add(const uv_loop_t *loop, avow__context_t *c) {
  assert(registry_find(loop) == NULL);
  avow__shelf_t *shelf = &avow__registry;
  avow__entry_t *entry = NULL;
  while (shelf != NULL && (entry = take_on(shelf, loop)) == NULL)
    shelf = extend(shelf);
  if (entry == NULL)
    return false;
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
  for (uint32_t n = 0; n < AVOW__ENTRIES; n++)
    if (atomic_load(&shelf->entries[n].key) != VACANT)
      return false;
  return true;
}

AVOW__AT_UNLOAD void avow__registry_end(void) {
  for (avow__shelf_t *shelf = &avow__registry; shelf != NULL;
       shelf = registry_after(shelf))
    if (!is_vacant(shelf))
      return;
  avow__shelf_t *shelf = atomic_exchange(&avow__registry.next, NULL);
  while (shelf != NULL) {
    avow__shelf_t *next = registry_after(shelf);
    avow__free(shelf);
    shelf = next;
  }
}
