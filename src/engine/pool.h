/* SPDX-License-Identifier: MIT */
/* Blocks for promises. */
#ifndef AVOW_POOL_H
#define AVOW_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/value.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/misuse.h"
#include "base/surplus.h"

/* The size of a slab, to which it is also aligned: so the address of a block
   leads to its slab. */
enum { AVOW__SLAB = 16384, AVOW__SLAB_HEAD = 64 };

#ifdef AVOW_TRACE
enum { AVOW__BLOCK = 128 };
#else
enum { AVOW__BLOCK = 64 };
#endif

#define AVOW__BLOCKS ((AVOW__SLAB - AVOW__SLAB_HEAD) / (uint32_t) AVOW__BLOCK)

typedef struct avow__chunk_s avow__chunk_t;
typedef struct avow__context_s avow__context_t;
typedef struct avow__cursor_s avow__cursor_t;
typedef struct avow__slab_s avow__slab_t;

struct avow__slab_s {
  avow__link_t link;        /* in partial or empty_slabs; the first member */
  avow__context_t *context; /* of the loop with these promises */
  avow__chunk_t *chunk;     /* that contains this slab */
  avow__link_t *free;       /* blocks that were freed, singly linked */
  char *fresh, *end;        /* blocks that were never given out */
  uint32_t used; /* blocks in use; not counted while this is `current` */
};

struct avow__chunk_s {
  avow__link_t link; /* in the pool's chunks; the first member */
  avow__link_t open; /* in the pool's open, if a slab is absent */
  char *slabs;       /* inside the memory from malloc() */
  uint32_t count;    /* the number of slabs */
  uint32_t busy;     /* slabs with blocks in use, and the current one */
  uint64_t absent;   /* a bit for each slab that is not made */
  uint32_t visits;   /* calls of avow__pool_each() that visit it */
  bool vacated;      /* some absent slabs have no pages any more */
};

typedef struct avow__pool_s {
  avow__context_t *context;
  avow__slab_t *current;     /* gives out blocks; never NULL */
  avow__link_t *partial;     /* slabs with free blocks and with blocks in use */
  avow__link_t *empty_slabs; /* unused slabs, the last emptied first */
  avow__link_t *chunks;      /* all chunks from malloc() */
  avow__link_t *open; /* chunks with absent slabs, linked by their `open` */
  size_t chunk_slabs; /* the number of slabs in the newest chunk */
  size_t empty_count; /* slabs in empty_slabs */
  avow__surplus_t surplus; /* of the empty slabs */
  bool shrinks;            /* no slab may stay empty */
  avow__link_t *all;       /* without slabs: all blocks */
  avow__cursor_t *cursor;  /* without slabs: the innermost avow__pool_each() */
  avow__link_t *reserve;
  uint64_t allocations;
  uint32_t reserved;
#ifdef AVOW__QUARANTINE
  avow__link_t *quarantine; /* freed blocks, oldest first */
  uint32_t quarantined;
#endif
} avow__pool_t;

/* Fills the reserve of an empty pool. False without memory. */
bool avow__pool_init(avow__pool_t *pool);
void avow__pool_close(avow__pool_t *pool);

/* The slow path of avow__pool_alloc(). */
void *avow__pool_grow(avow__pool_t *pool);

/* A block of the current slab; NULL if the slab has none left. */
static inline void *avow__pool_take(avow__pool_t *pool) {
  avow__slab_t *slab = pool->current;
  void *block = slab->free;
  if (block != NULL) {
    slab->free = slab->free->next;
  } else if (AVOW__LIKELY(slab->fresh != slab->end)) {
    block = slab->fresh;
    slab->fresh += AVOW__BLOCK;
  } else {
    return NULL;
  }
  return block;
}

/* A block, or NULL without memory. */
static inline void *avow__pool_alloc(avow__pool_t *pool) {
  void *block = avow__pool_take(pool);
  return block != NULL ? block : avow__pool_grow(pool);
}

/* A block for a promise that must not be lost. Without memory, it comes from
   the reserve. */
void *avow__pool_alloc_reserved(avow__pool_t *pool);

#ifdef AVOW_NO_POOL
/* Returns a block to the pool. */
void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p);

/* Gives back p and frees q. */
void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                          avow_promise_t *q);
#endif

/* Block 0 or 1 of static memory, which the one static context uses. */
void *avow__pool_static(avow__context_t *context, int i);

/* The slabs, or their replacement in pool_malloc.c. */
void avow__slabs_init(avow__pool_t *pool);
void avow__slabs_close(avow__pool_t *pool);

/* The number of empty slabs that stay even if they are not needed: 1 MiB. */
enum { AVOW__KEPT_SLABS = 64 };

/* Gives up a portion of the slabs that were not needed for a second. Must be
   called while more than AVOW__KEPT_SLABS slabs are empty, again after the
   returned number of ms; 0: not again. */
unsigned avow__pool_review(avow__pool_t *pool, uint64_t now);

/* From now on, keeps no empty slabs. */
void avow__slabs_shrink(avow__pool_t *pool);

/* Calls fn with each block in use. fn may allocate and free. Blocks that are
   allocated meanwhile may be left out. */
void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data);

/* Check the invariants of the pool and of its reserve. */
void avow__pool_check(const avow__pool_t *pool);
void avow__reserve_check(const avow__pool_t *pool);

/* The number of blocks in use. The time is in proportion to it. */
uint64_t avow__pool_count(avow__pool_t *pool);

#endif
