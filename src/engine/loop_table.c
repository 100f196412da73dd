/* SPDX-License-Identifier: MIT */
/*
 * The tables of all loops. The hash of a loop's address selects an entry in
 * each table. The loop is in that entry or in one of the few entries behind it.
 * Each table is eight times as large as the one before, and the largest is
 * searched first. So a loop is found in constant time, on average. Tables that
 * were added stay until the library is unloaded, because other threads may read
 * them.
 */
#include "engine/loop_table.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/misuse.h"

enum { NEARBY = 8, GROWTH_LOG = 3 };

/* Keys that no loop has. They are even, so no entry is found for NULL, either:
   its key is 0 | 1. */
enum { VACANT = 0, TAKEN = 2 };

avow__entry_t avow__loop_entries[AVOW__ENTRIES];

static avow__loop_table_t first = { .entries = avow__loop_entries,
                                    .log = AVOW__ENTRIES_LOG };

avow__loop_table_t *_Atomic avow__loop_tables = &first;

static avow__entry_t *nth(const avow__loop_table_t *table,
                          const uv_loop_t *loop, uint32_t n) {
  const uint32_t last = (UINT32_C(1) << table->log) - 1;
  return &table->entries[(avow__entry_hash(loop, table->log) + n) & last];
}

static avow__loop_table_t *largest_table(void) {
  return atomic_load_explicit(&avow__loop_tables, memory_order_acquire);
}

static avow__entry_t *entry_find(const uv_loop_t *loop) {
  for (const avow__loop_table_t *table = largest_table(); table != NULL;
       table = table->smaller)
    for (uint32_t n = 0; n < NEARBY; n++)
      if (avow__entry_is_of(nth(table, loop, n), loop))
        return nth(table, loop, n);
  return NULL;
}

avow__context_t *avow__loop_table_find(const uv_loop_t *loop) {
  const avow__entry_t *entry = entry_find(loop);
  return entry != NULL ? entry->context : NULL;
}

/* Acquires the entry: what the thread of its last loop did with it comes
   before. */
static bool entry_take(avow__entry_t *entry) {
  uintptr_t key = VACANT;
  return atomic_compare_exchange_strong_explicit(&entry->key, &key, TAKEN,
                                                 memory_order_acquire,
                                                 memory_order_relaxed);
}

static avow__entry_t *take_on(const avow__loop_table_t *table,
                              const uv_loop_t *loop) {
  for (; table != NULL; table = table->smaller)
    for (uint32_t n = 0; n < NEARBY; n++)
      if (entry_take(nth(table, loop, n)))
        return nth(table, loop, n);
  return NULL;
}

/* Adds the next table, unless another thread has added one. False without
   memory. */
static bool extend(avow__loop_table_t *largest) {
  const uint32_t log = largest->log + GROWTH_LOG;
  avow__loop_table_t *table =
      avow_calloc(1, sizeof(*table) + (sizeof(avow__entry_t) << log));
  if (table == NULL)
    return false;
  table->smaller = largest;
  table->entries = (avow__entry_t *) (void *) (table + 1);
  table->log = log;
  if (!atomic_compare_exchange_strong(&avow__loop_tables, &largest, table))
    avow_free(table); /* another thread was first */
  return true;
}

bool avow__loop_table_add(const uv_loop_t *loop, avow__context_t *c) {
  assert(entry_find(loop) == NULL);
  avow__loop_table_t *largest = largest_table();
  avow__entry_t *entry;
  while ((entry = take_on(largest, loop)) == NULL) {
    if (!extend(largest))
      return false;
    largest = largest_table();
  }
  entry->context = c;
  atomic_store_explicit(&entry->key, avow__key_of(loop), memory_order_release);
  return true;
}

void avow__loop_table_remove(const uv_loop_t *loop) {
  avow__entry_t *entry = entry_find(loop);
  assert(entry != NULL); /* the loop was added */
  entry->context = NULL;
  atomic_store_explicit(&entry->key, VACANT, memory_order_release);
}

#if AVOW__DEBUG
void avow__loop_table_each(void (*fn)(avow__context_t *c, void *data),
                           void *data) {
  for (const avow__loop_table_t *table = largest_table(); table != NULL;
       table = table->smaller)
    for (uint32_t n = 0; n >> table->log == 0; n++)
      if ((atomic_load(&table->entries[n].key) & 1) != 0)
        fn(table->entries[n].context, data);
}
#endif

static bool is_vacant(const avow__loop_table_t *table) {
  for (uint32_t n = 0; n >> table->log == 0; n++)
    if (atomic_load(&table->entries[n].key) != VACANT)
      return false;
  return true;
}

AVOW__AT_UNLOAD void avow__loop_tables_end(void) {
  avow__loop_table_t *table = largest_table();
  for (const avow__loop_table_t *at = table; at != NULL; at = at->smaller)
    if (!is_vacant(at))
      return;
  atomic_store(&avow__loop_tables, &first);
  while (table != &first) {
    assert(table != NULL); /* the first has no smaller one */
    avow__loop_table_t *smaller = table->smaller;
    avow_free(table);
    table = smaller;
  }
}
