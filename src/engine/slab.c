/* SPDX-License-Identifier: MIT */
/*
 * Slabs: pieces of 16 KiB that are cut into blocks. A block holds one promise
 * (block.h). A slab gives out the blocks that were freed, then the blocks that
 * it never gave out. When all blocks of a slab are free, the slab forgets which
 * were freed, and gives out blocks in the order of addresses again. So promises
 * that are made together lie together, in whatever order earlier promises were
 * freed. One free list for all slabs would scatter promises over memory.
 *
 * A chunk is memory from malloc() for several slabs. A slab of a chunk is in
 * use, empty or absent. An absent slab was not made yet, or its pages were
 * returned to the system. Empty slabs are kept, because a peak often comes
 * again. Those that were not needed for a second are given up, in portions, so
 * that no iteration takes long. The slab that has been empty for the longest
 * time is the first. If its whole chunk is empty, the chunk is freed. Otherwise
 * the pages of the slab are returned to the system.
 */
#include "engine/slab.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/symbol.h"

#ifdef AVOW_CHECK
#  include "engine/invariants.h"
#endif

#ifndef AVOW_NO_POOL

enum { CHUNK_SLABS = 64 };

enum { SLAB_PORTION = 256 }; /* slabs that are given up at a time */

_Static_assert(sizeof(avow_promise_t) <= AVOW__BLOCK, "a promise fits a block");
_Static_assert(sizeof(avow__slab_t) <= AVOW__SLAB_HEAD, "blocks come after it");

/* The current slab of a new pool. It has no blocks, and is never written to. */
static avow__slab_t no_slab;

/* The memory of avow__pool_static(). It has space for an aligned slab with two
   blocks. */
static char static_blocks[AVOW__SLAB + AVOW__SLAB_HEAD + 2 * AVOW__BLOCK];

static char *first_block(avow__slab_t *slab) {
  return (char *) slab + AVOW__SLAB_HEAD;
}

static char *align(char *at) {
  return at + (AVOW__SLAB - (uintptr_t) at % AVOW__SLAB) % AVOW__SLAB;
}

static size_t lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

static avow__slab_t *slab_at(const avow__chunk_t *chunk, uint32_t i) {
  return (avow__slab_t *) (void *) (chunk->slabs + (size_t) i * AVOW__SLAB);
}

static bool is_absent(const avow__chunk_t *chunk, uint32_t i) {
  return (chunk->absent >> i & 1) != 0;
}

static void add_first(avow__link_t **list, avow__link_t *link) {
  avow__list_append(list, link);
  *list = link;
}

/* A new chunk is added at the beginning of the list, so an avow__pool_each()
   that runs does not visit it. */
static avow__chunk_t *chunk_new(avow__pool_t *pool) {
  const size_t most = pool->chunk_slabs > 0 ? pool->chunk_slabs * 2 : 1;
  const uint32_t n = (uint32_t) lesser(most, CHUNK_SLABS);
  const size_t size = sizeof(avow__chunk_t) + (n + (size_t) 1) * AVOW__SLAB;
  avow__chunk_t *chunk = avow_malloc(size);
  if (chunk == NULL)
    return NULL;
  chunk->slabs = align((char *) (chunk + 1));
  chunk->count = n;
  chunk->busy = 0;
  chunk->visits = 0;
  chunk->absent = UINT64_MAX >> (CHUNK_SLABS - n);
  chunk->vacated = false;
  pool->chunk_slabs = n;
  pool->allocations++;
  add_first(&pool->chunks, &chunk->link);
  add_first(&pool->open, &chunk->open);
  return chunk;
}

static void unlist_empty(avow__pool_t *pool, avow__slab_t *slab) {
  avow__list_remove(&pool->empty_slabs, &slab->link);
  pool->empty_count--;
}

/* Frees a chunk without blocks in use. */
static void chunk_free(avow__pool_t *pool, avow__chunk_t *chunk) {
  assert(chunk->busy == 0);
  for (uint32_t i = 0; i < chunk->count; i++)
    if (!is_absent(chunk, i))
      unlist_empty(pool, slab_at(chunk, i));
  if (chunk->absent != 0)
    avow__list_remove(&pool->open, &chunk->open);
  avow__list_remove(&pool->chunks, &chunk->link);
  avow__discard(chunk->slabs, chunk->count * (size_t) AVOW__SLAB);
  avow_free(chunk);
}

static bool chunk_may_go(const avow__chunk_t *chunk) {
  return chunk->busy == 0 && chunk->visits == 0;
}

/* Frees an unused chunk if some of its slabs were given up. The chunk was not
   freed with them, because it was in use. */
static void chunk_clean_up(avow__pool_t *pool, avow__chunk_t *chunk) {
  if (chunk->vacated && chunk_may_go(chunk))
    chunk_free(pool, chunk);
}

/* Returns the pages of an empty slab to the system. */
static void vacate(avow__pool_t *pool, avow__slab_t *slab) {
  avow__chunk_t *chunk = slab->chunk;
  unlist_empty(pool, slab);
  if (chunk->absent == 0)
    add_first(&pool->open, &chunk->open);
  const size_t i = (size_t) ((char *) slab - chunk->slabs) / AVOW__SLAB;
  chunk->absent |= UINT64_C(1) << i;
  chunk->vacated = true;
  avow__discard(slab, AVOW__SLAB);
}

/* Gives up the slabs that have been empty for the longest time. */
static void slabs_trim(avow__pool_t *pool, size_t keep) {
  while (pool->empty_count > keep) {
    assert(pool->empty_slabs != NULL); /* empty_count counts them */
    avow__slab_t *slab = (avow__slab_t *) pool->empty_slabs->prev;
    if (chunk_may_go(slab->chunk))
      chunk_free(pool, slab->chunk);
    else
      vacate(pool, slab);
  }
}

unsigned avow__pool_review(avow__pool_t *pool, uint64_t now) {
  const size_t before = pool->empty_count;
  const size_t surplus =
      avow__surplus_review(&pool->surplus, before, AVOW__KEPT_SLABS, now);
  slabs_trim(pool, before - lesser(surplus, SLAB_PORTION));
  return avow__surplus_freed(&pool->surplus, before - pool->empty_count,
                             pool->empty_count, AVOW__KEPT_SLABS);
}

static void make_slab(avow__slab_t *slab, avow__chunk_t *chunk,
                      avow__context_t *context) {
  *slab = (avow__slab_t){ .context = context,
                          .chunk = chunk,
                          .fresh = first_block(slab) };
  slab->end = slab->fresh + AVOW__BLOCKS * (size_t) AVOW__BLOCK;
  memset(slab->fresh, 0, AVOW__BLOCKS * (size_t) AVOW__BLOCK);
}

/* Makes the first absent slab of the first chunk that has one. */
static avow__slab_t *carve_slab(avow__pool_t *pool) {
  if (pool->open == NULL && chunk_new(pool) == NULL)
    return NULL;
  avow__chunk_t *chunk = AVOW__CONTAINER(avow__chunk_t, open, pool->open);
  uint32_t i = 0;
  while (!is_absent(chunk, i))
    i++;
  chunk->absent &= ~(UINT64_C(1) << i);
  if (chunk->absent == 0)
    avow__list_remove(&pool->open, &chunk->open);
  make_slab(slab_at(chunk, i), chunk, pool->context);
  chunk->busy++;
  return slab_at(chunk, i);
}

static avow__slab_t *next_slab(avow__pool_t *pool) {
  if (pool->partial != NULL)
    return (avow__slab_t *) avow__list_take_first(&pool->partial);
  avow__slab_t *slab = (avow__slab_t *) pool->empty_slabs;
  if (slab == NULL)
    return carve_slab(pool);
  unlist_empty(pool, slab);
  avow__surplus_taken(&pool->surplus, pool->empty_count);
  slab->chunk->busy++;
  return slab;
}

void *avow__pool_grow(avow__pool_t *pool) {
  avow__slab_t *slab = next_slab(pool);
  if (slab == NULL && avow__pool_end_quarantine(pool)) {
    void *block = avow__pool_take(pool);
    if (block != NULL)
      return block;
    slab = next_slab(pool);
  }
  if (slab == NULL)
    return NULL;
  if (pool->current != &no_slab)
    pool->current->used = AVOW__BLOCKS;
  pool->current = slab;
  return avow__pool_take(pool);
}

void avow__slab_relist(avow__pool_t *pool, avow__slab_t *slab) {
  if (slab->used > 0) {
    avow__list_append(&pool->partial, &slab->link);
    return;
  }
  avow__list_remove(&pool->partial, &slab->link);
  add_first(&pool->empty_slabs, &slab->link);
  pool->empty_count++;
  slab->free = NULL;
  slab->fresh = first_block(slab);
  slab->chunk->busy--;
  chunk_clean_up(pool, slab->chunk);
  if (pool->shrinks)
    slabs_trim(pool, 0);
}

void avow__slab_relist_then_free(avow__pool_t *pool, avow__slab_t *moved,
                                 avow_promise_t *q) {
  avow__slab_relist(pool, moved);
  avow__pool_free(pool, q);
}

#  ifdef AVOW__QUARANTINE

/* Freed promises of checked builds wait here, so that their blocks are not used
   again at once. A later use of the promise is then recognized. A block in
   quarantine counts as used in its slab. In blocks: */
enum { QUARANTINE_BLOCKS = 64 * 1024 / AVOW__BLOCK };

/* `upstream` of a block in quarantine is the place of its release. */
static void quarantine_end_first(avow__pool_t *pool) {
  avow_promise_t *p =
      (avow_promise_t *) avow__list_take_first(&pool->quarantine);
  pool->quarantined--;
  p->upstream = NULL;
  avow__pool_return(pool, p);
}

void avow__pool_quarantine(avow__pool_t *pool, avow_promise_t *p) {
  avow__probe_freed(pool->context, p);
  p->refs = 0; /* a later use fails an assertion */
  p->kind = AVOW__FREE;
  p->upstream = avow__mutable(avow__release_site());
  avow__list_append(&pool->quarantine, &p->link);
  if (++pool->quarantined > QUARANTINE_BLOCKS)
    quarantine_end_first(pool);
}

bool avow__pool_end_quarantine(avow__pool_t *pool) {
  const bool had = pool->quarantined > 0;
  while (pool->quarantined > 0)
    quarantine_end_first(pool);
  return had;
}

#  endif

void *avow__pool_static(avow__context_t *context, int i) {
  avow__slab_t *slab = (avow__slab_t *) (void *) align(static_blocks);
  slab->context = context;
  return first_block(slab) + (size_t) i * AVOW__BLOCK;
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &no_slab;
}

void avow__slabs_shrink(avow__pool_t *pool) {
  (void) avow__pool_end_quarantine(pool); /* whether there was a block */
  pool->shrinks = true;
  slabs_trim(pool, 0);
}

void avow__slabs_close(avow__pool_t *pool) {
  while (pool->chunks != NULL)
    avow_free(avow__list_take_first(&pool->chunks));
}

static avow__chunk_t *chunk_after(const avow__pool_t *pool,
                                  const avow__chunk_t *chunk) {
  avow__link_t *next = chunk->link.next;
  return next != pool->chunks ? (avow__chunk_t *) next : NULL;
}

typedef struct {
  void (*fn)(avow_promise_t *p, void *data);
  void *data;
} visit_t;

static void visit_slab(avow__slab_t *slab, const visit_t *visit) {
  /* If fn frees the last block in use, `fresh` becomes the first block, and the
     loop ends. */
  for (char *at = first_block(slab); at < slab->fresh; at += AVOW__BLOCK) {
    avow_promise_t *p = (avow_promise_t *) (void *) at;
    if (p->kind != AVOW__FREE)
      visit->fn(p, visit->data);
  }
}

/* Skips an empty chunk, because a peak may leave many of them. */
static void visit_chunk(avow__chunk_t *chunk, const visit_t *visit) {
  for (uint32_t i = chunk->count; i-- > 0 && chunk->busy > 0;)
    if (!is_absent(chunk, i))
      visit_slab(slab_at(chunk, i), visit);
}

void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data) {
  const visit_t visit = { fn, data };
  avow__chunk_t *chunk = (avow__chunk_t *) pool->chunks;
  while (chunk != NULL) {
    chunk->visits++;
    visit_chunk(chunk, &visit);
    chunk->visits--;
    avow__chunk_t *next = chunk_after(pool, chunk);
    chunk_clean_up(pool, chunk);
    chunk = next;
  }
}

#  ifdef AVOW_CHECK

/* The number of free blocks that were in use before. */
static size_t count_free(const avow__slab_t *slab) {
  size_t n = 0;
  for (avow__link_t *link = slab->free; link != NULL; link = link->next) {
    const avow_promise_t *p = (const avow_promise_t *) link;
    AVOW__HOLDS(51, p->kind == AVOW__FREE && avow__slab_of(p) == slab);
    n++;
  }
  return n;
}

/* Counts the slab if it belongs in a list. Returns whether it is busy. */
static bool check_slab(avow__slab_t *slab, size_t *partial, size_t *empty) {
  const size_t given = (size_t) (slab->fresh - first_block(slab)) / AVOW__BLOCK;
  const size_t used = given - count_free(slab);
  AVOW__HOLDS(53, used == slab->used);
  *partial += used > 0 && used < AVOW__BLOCKS;
  *empty += used == 0;
  return used > 0;
}

void avow__pool_check(const avow__pool_t *pool) {
  size_t partial = 0, empty = 0;
  avow__chunk_t *chunk = (avow__chunk_t *) pool->chunks;
  for (; chunk != NULL; chunk = chunk_after(pool, chunk)) {
    size_t busy = 0;
    for (uint32_t i = 0; i < chunk->count; i++)
      if (!is_absent(chunk, i))
        busy += slab_at(chunk, i) == pool->current ||
                check_slab(slab_at(chunk, i), &partial, &empty);
    AVOW__HOLDS(52, busy == chunk->busy);
  }
  AVOW__HOLDS(54, partial == avow__check_list(pool->partial));
  AVOW__HOLDS(54, empty == avow__check_list(pool->empty_slabs));
  AVOW__HOLDS(52, empty == pool->empty_count);
  avow__reserve_check(pool);
}

#  endif

#endif
