/* SPDX-License-Identifier: MIT */
/*
 * Which context a loop has: a table of all loops of the process that has no
 * lock, for whoever forks may find one held that nobody will ever give back.
 * An entry is written by the thread that opens its loop or closes it, and read
 * by who has that loop in hand; others see that it is not theirs.
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
  atomic_uintptr_t key; /* of a loop; even: of none */
  avow__context_t *context;
} avow__entry_t;

enum { AVOW__ENTRIES_LOG = 10, AVOW__ENTRIES = 1 << AVOW__ENTRIES_LOG };

/* Where loops have entries: the first, and further, larger ones for loops that
   it has no room for. */
typedef struct avow__shelf_s {
  struct avow__shelf_s *smaller; /* the one before; NULL: it is the first */
  avow__entry_t *entries;
  uint32_t log; /* of their number */
} avow__shelf_t;

/* The entries of the first. */
extern AVOW__HIDDEN avow__entry_t avow__registry[AVOW__ENTRIES];

/* The largest. share/avow/avow-gdb.py reads it. */
extern AVOW__HIDDEN avow__shelf_t *_Atomic avow__shelves;

/* No loop's address is odd. */
static inline uintptr_t avow__key_of(const uv_loop_t *loop) {
  return (uintptr_t) loop | 1;
}

static inline uint32_t avow__entry_hash(const uv_loop_t *loop, uint32_t log) {
  const uint32_t n = (uint32_t) ((uintptr_t) loop >> 4);
  return n * UINT32_C(2654435769) >> (32 - log);
}

/* Where to look first, and mostly last. */
static inline const avow__entry_t *avow__entry_of(const uv_loop_t *loop) {
  return &avow__registry[avow__entry_hash(loop, AVOW__ENTRIES_LOG)];
}

/* What this thread knows the loop by, it has heard of from the one that opened
   it: in order, therefore. */
static inline bool avow__entry_is_of(const avow__entry_t *entry,
                                     const uv_loop_t *loop) {
  return atomic_load_explicit(&entry->key, memory_order_relaxed) ==
         avow__key_of(loop);
}

/* The context of the loop; NULL if it has none. */
avow__context_t *avow__registry_find(const uv_loop_t *loop);

/* The loop has none yet. False without memory. */
bool avow__registry_add(const uv_loop_t *loop, avow__context_t *c);

/* The loop has one. */
void avow__registry_remove(const uv_loop_t *loop);

/* Gives the shelves back but the first, unless some loop is still open. With
   the library they go by themselves. */
void avow__registry_end(void);

#endif
