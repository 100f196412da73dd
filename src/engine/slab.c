/*
 * Slabs: where blocks come from. A slab gives out what came back to it, then
 * what it never gave out; an empty one begins anew, in the order of addresses.
 * So promises that are made together lie together, however their predecessors
 * were freed: with one free list for all, 100,000 promises are soon scattered
 * over memory and each costs a cache miss.
 */
#include <string.h>

#include "base/alloc.h"
#include "engine/engine.h"
#include "engine/invariants.h"

#ifndef AVOW_NO_POOL

enum { CHUNK_MAX = 64 };

_Static_assert(sizeof(avow_promise_t) <= AVOW__BLOCK, "a promise fits a block");
_Static_assert(sizeof(avow__slab_t) <= AVOW__SLAB_HEAD, "blocks come after it");

/* What a pool begins with: it has nothing to give, and is never written to. */
static avow__slab_t nothing;

/* With a slab's head and a block in it, wherever slabs may begin. */
static char nowhere[AVOW__SLAB + AVOW__SLAB_HEAD + AVOW__BLOCK];

typedef struct chunk_s {
  struct chunk_s *next;
} chunk_t;

static char *first_block(avow__slab_t *slab) {
  return (char *) slab + AVOW__SLAB_HEAD;
}

static char *align(char *at) {
  return at + (AVOW__SLAB - (uintptr_t) at % AVOW__SLAB) % AVOW__SLAB;
}

static bool add_chunk(avow__pool_t *pool) {
  size_t slabs = pool->chunk_slabs > 0 ? pool->chunk_slabs * 2 : 1;
  if (slabs > CHUNK_MAX)
    slabs = CHUNK_MAX;
  chunk_t *chunk = avow__malloc(sizeof(*chunk) + (slabs + 1) * AVOW__SLAB);
  if (chunk == NULL)
    return false;
  chunk->next = pool->chunks;
  pool->chunks = chunk;
  pool->chunk_slabs = slabs;
  pool->carved = align((char *) (chunk + 1));
  pool->end = pool->carved + slabs * AVOW__SLAB;
  pool->allocations++;
  return true;
}

static avow__slab_t *carve_slab(avow__pool_t *pool) {
  if (pool->carved == pool->end && !add_chunk(pool))
    return NULL;
  avow__slab_t *slab = (avow__slab_t *) (void *) pool->carved;
  pool->carved += AVOW__SLAB;
  *slab = (avow__slab_t){ .context = pool->context,
                          .older = pool->slabs,
                          .fresh = first_block(slab) };
  slab->end = slab->fresh + AVOW__BLOCKS * (size_t) AVOW__BLOCK;
  memset(slab->fresh, 0, AVOW__BLOCKS * (size_t) AVOW__BLOCK);
  pool->slabs = slab;
  return slab;
}

static avow__slab_t *next_slab(avow__pool_t *pool) {
  avow__link_t *first = pool->partial;
  if (first == NULL)
    return carve_slab(pool);
  avow__list_remove(&pool->partial, first);
  return (avow__slab_t *) first;
}

void *avow__pool_grow(avow__pool_t *pool) {
  avow__slab_t *slab = next_slab(pool);
  if (slab == NULL)
    return NULL;
  if (pool->current != &nothing)
    pool->current->used = AVOW__BLOCKS;
  pool->current = slab;
  return avow__pool_take(pool);
}

void avow__pool_take_back(avow__pool_t *pool, avow__slab_t *slab) {
  if (slab->used > 0) {
    avow__list_append(&pool->partial, &slab->link);
    return;
  }
  slab->free = NULL;
  slab->fresh = first_block(slab);
}

void *avow__pool_static(avow__context_t *context) {
  avow__slab_t *slab = (avow__slab_t *) (void *) align(nowhere);
  slab->context = context;
  return first_block(slab);
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &nothing;
}

void avow__slabs_close(avow__pool_t *pool) {
  chunk_t *chunk = pool->chunks;
  while (chunk != NULL) {
    chunk_t *next = chunk->next;
    avow__free(chunk);
    chunk = next;
  }
}

void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data) {
  for (avow__slab_t *slab = pool->slabs; slab != NULL; slab = slab->older) {
    /* fresh moves back when fn frees the last. */
    for (char *at = first_block(slab); at < slab->fresh; at += AVOW__BLOCK) {
      avow_promise_t *p = (avow_promise_t *) (void *) at;
      if (p->kind != AVOW__FREE)
        fn(p, data);
    }
  }
}

#  ifdef AVOW_CHECK

/* Those that came back. */
static size_t count_free(const avow__slab_t *slab) {
  size_t n = 0;
  for (avow__link_t *link = slab->free; link != NULL; link = link->next) {
    const avow_promise_t *p = (const avow_promise_t *) link;
    AVOW__HOLDS(51, p->kind == AVOW__FREE && avow__slab_of(p) == slab);
    n++;
  }
  return n;
}

/* Whether it is one of those that have blocks to give out. */
static bool check_slab(const avow__pool_t *pool, avow__slab_t *slab) {
  const size_t given = (size_t) (slab->fresh - first_block(slab)) / AVOW__BLOCK;
  AVOW__HOLDS(52, slab->fresh <= slab->end && given <= AVOW__BLOCKS);
  const size_t used = given - count_free(slab);
  if (slab == pool->current)
    return false;
  AVOW__HOLDS(53, used == slab->used);
  return used < AVOW__BLOCKS;
}

void avow__pool_check(const avow__pool_t *pool) {
  size_t partial = 0;
  for (avow__slab_t *slab = pool->slabs; slab != NULL; slab = slab->older)
    partial += check_slab(pool, slab);
  AVOW__HOLDS(54, partial == avow__check_list(pool->partial));
  avow__reserve_check(pool);
}

#  endif

#endif
