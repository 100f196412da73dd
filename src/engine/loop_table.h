/* SPDX-License-Identifier: MIT */
/*
 * Finds the context of a loop by the loop's address, in tables of all loops of
 * the process. They have no lock, because a child of fork() might find a lock
 * held forever. The thread that opens or closes a loop writes its entry.
 * Threads that use the loop read the entry. All other threads see that the
 * entry belongs to another loop.
 */
#ifndef AVOW_LOOP_TABLE_H
#define AVOW_LOOP_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"

typedef struct avow__context_s avow__context_t;

typedef struct avow__entry_s {
  atomic_uintptr_t key; /* an even key belongs to no loop */
  avow__context_t *context;
} avow__entry_t;

enum { AVOW__ENTRIES_LOG = 10, AVOW__ENTRIES = 1 << AVOW__ENTRIES_LOG };

/* One of the tables: the first, or a larger one that was added because no entry
   was left for a loop. */
typedef struct avow__loop_table_s {
  struct avow__loop_table_s
      *smaller; /* the table before; NULL: this is the first */
  avow__entry_t *entries;
  uint32_t log; /* the binary logarithm of the number of entries */
} avow__loop_table_t;

/* The entries of the first table. */
extern AVOW__HIDDEN avow__entry_t avow__loop_entries[AVOW__ENTRIES];

/* The largest table. share/avow/avow-gdb.py reads it. */
extern AVOW__HIDDEN avow__loop_table_t *_Atomic avow__loop_tables;

/* The key of a loop. It is odd, because no loop's address is odd. */
static inline uintptr_t avow__key_of(const uv_loop_t *loop) {
  return (uintptr_t) loop | 1;
}

static inline uint32_t avow__entry_hash(const uv_loop_t *loop, uint32_t log) {
  const uint32_t n = (uint32_t) ((uintptr_t) loop >> 4);
  return n * UINT32_C(2654435769) >> (32 - log);
}

/* The entry in the first table that most loops have. */
static inline const avow__entry_t *avow__entry_of(const uv_loop_t *loop) {
  return &avow__loop_entries[avow__entry_hash(loop, AVOW__ENTRIES_LOG)];
}

/* A relaxed load is enough. This thread got the loop from the thread that
   opened it, and that has ordered the two. */
static inline bool avow__entry_is_of(const avow__entry_t *entry,
                                     const uv_loop_t *loop) {
  return atomic_load_explicit(&entry->key, memory_order_relaxed) ==
         avow__key_of(loop);
}

/* The context of the loop; NULL if it has none. */
avow__context_t *avow__loop_table_find(const uv_loop_t *loop);

/* Adds a loop that has no context yet. False without memory. */
bool avow__loop_table_add(const uv_loop_t *loop, avow__context_t *c);

/* Removes a loop that has a context. */
void avow__loop_table_remove(const uv_loop_t *loop);

/* Calls fn with the context of each loop of the process. */
void avow__loop_table_each(void (*fn)(avow__context_t *c, void *data),
                           void *data);

/* Frees all tables except the first, unless a loop is still open. Unloading the
   library calls this function. */
void avow__loop_tables_end(void);

#endif
