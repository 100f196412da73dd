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

/* A slab is that many bytes, aligned to as many: a block finds its own. */
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
  avow__link_t link;        /* among the pool's partial or empty ones; first */
  avow__context_t *context; /* whose promises these are */
  avow__chunk_t *chunk;     /* that it is part of */
  avow__link_t *free;       /* blocks that came back, singly linked */
  char *fresh, *end;        /* blocks that were not given out yet */
  uint32_t used; /* blocks; not counted while it is the current one */
};

struct avow__chunk_s {
  avow__link_t link; /* among the pool's chunks; first */
  avow__link_t open; /* among those with absent slabs */
  char *slabs;       /* in what malloc gave */
  uint32_t count;    /* of them */
  uint32_t busy;     /* slabs that have blocks in use, or are current */
  uint64_t absent;   /* a bit for each slab that is not made */
  uint32_t visits;   /* calls of avow__pool_each() that are at it */
  bool vacated;      /* some absent slabs were given to the system */
};

typedef struct avow__pool_s {
  avow__context_t *context;
  avow__slab_t *current; /* gives out blocks; never NULL */
  avow__link_t *partial; /* slabs that have free blocks, and others in use */
  avow__link_t
      *empty_slabs;     /* slabs without used blocks, the last emptied first */
  avow__link_t *chunks; /* all that malloc gave */
  avow__link_t *open;   /* chunks with absent slabs, by that link */
  size_t chunk_slabs;   /* how many the newest chunk holds */
  size_t empty_count;   /* slabs in empty_slabs */
  size_t least_empty;   /* the least empty_count since the last review */
  size_t keep;          /* the most slabs that may stay empty */
  size_t freed_slabs;   /* freed or vacated since the last review */
  uint64_t reviewed;    /* ms */
  avow__link_t *all;    /* without slabs: every block there is */
  avow__cursor_t *cursor; /* without slabs: where avow__pool_each() stands */
  avow__link_t *reserve;
  uint64_t allocations;
  uint32_t reserved;
} avow__pool_t;

/* Begins with an empty pool; false without memory for its reserve. */
bool avow__pool_init(avow__pool_t *pool);
void avow__pool_close(avow__pool_t *pool);

/* The slow half of avow__pool_alloc(). */
void *avow__pool_grow(avow__pool_t *pool);

/* A block of the current slab; NULL if it has none. */
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

/* The same, from the reserve if need be: for what must not be lost. */
void *avow__pool_alloc_reserved(avow__pool_t *pool);

#ifdef AVOW_NO_POOL
/* Puts a block back. */
void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p);

/* Gives p back and frees q. */
void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                          avow_promise_t *q);
#endif

/* Block 0 or 1 of static memory: for the one context that is always there. */
void *avow__pool_static(avow__context_t *context, int i);

/* The slabs, or what stands in for them. */
void avow__slabs_init(avow__pool_t *pool);
void avow__slabs_close(avow__pool_t *pool);

/* Gives back the slabs that were empty since the last review, a second ago or
   more. */
void avow__pool_review(avow__pool_t *pool, uint64_t now);

/* From now on keeps nothing that is empty. */
void avow__slabs_shrink(avow__pool_t *pool);

/* Calls fn for each block in use; fn may allocate and free. What comes while
   this runs may be left out. */
void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data);

/* Are all blocks where they should be? */
void avow__pool_check(const avow__pool_t *pool);
void avow__reserve_check(const avow__pool_t *pool);

/* How many blocks are in use; takes time in proportion. */
uint64_t avow__pool_count(avow__pool_t *pool);

#endif
