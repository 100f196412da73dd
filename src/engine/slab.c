/* SPDX-License-Identifier: MIT */
/*
 * Slabs: where blocks come from. A slab gives out what came back to it, then
 * what it never gave out; an empty one begins anew, in the order of addresses.
 * So promises that are made together lie together, however their predecessors
 * were freed: with one free list for all, 100,000 promises are soon scattered
 * over memory and each costs a cache miss.
 *
 * malloc gives chunks of slabs. One of which all slabs are empty rests until it
 * is needed again, the lowest first; beyond so many it goes back to malloc. So
 * a peak leaves nothing behind that is in the way of what comes after it. Those
 * that a program asks for again at once will be kept, and what rests for long
 * goes after all. In a chunk that does not rest, beyond so many the slabs that
 * are empty become vacant: the system has their pages.
 */
#include "engine/slab.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"

#ifdef AVOW_CHECK
#  include "engine/invariants.h"
#endif

#ifndef AVOW_NO_POOL

enum { CHUNK_MAX = 64 };

/* So many slabs of chunks that rest are kept: 16 MiB at first, up to 128 where
   they are needed again and again, and 1 however long nobody needs it. */
enum { KEPT = 1024, KEPT_MOST = 8192, KEPT_LEAST = CHUNK_MAX };

enum { REVIEW = 1000 }; /* ms */

_Static_assert(sizeof(avow_promise_t) <= AVOW__BLOCK, "a promise fits a block");
_Static_assert(sizeof(avow__slab_t) <= AVOW__SLAB_HEAD, "blocks come after it");

/* What a pool begins with: it has nothing to give, and is never written to. */
static avow__slab_t nothing;

/* With a slab's head and two blocks in it, wherever slabs may begin. */
static char nowhere[AVOW__SLAB + AVOW__SLAB_HEAD + 2 * AVOW__BLOCK];

static char *first_block(avow__slab_t *slab) {
  return (char *) slab + AVOW__SLAB_HEAD;
}

static char *align(char *at) {
  return at + (AVOW__SLAB - (uintptr_t) at % AVOW__SLAB) % AVOW__SLAB;
}

static size_t chunk_size(const avow__chunk_t *chunk) {
  return (size_t) (chunk->end - chunk->slabs) / AVOW__SLAB;
}

static size_t lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

/* What is asked for again soon should have been kept. */
static void keep_more(avow__pool_t *pool, size_t slabs) {
  const size_t again = lesser(slabs, pool->given);
  pool->given -= again;
  pool->retain_limit = lesser(pool->retain_limit + again, KEPT_MOST);
}

static avow__chunk_t *chunk_new(avow__pool_t *pool) {
  size_t slabs = pool->chunk_slabs > 0 ? pool->chunk_slabs * 2 : 1;
  if (slabs > CHUNK_MAX)
    slabs = CHUNK_MAX;
  avow__chunk_t *chunk = avow_malloc(sizeof(*chunk) + (slabs + 1) * AVOW__SLAB);
  if (chunk == NULL)
    return NULL;
  chunk->slabs = align((char *) (chunk + 1));
  chunk->initialized_end = chunk->bump_end = chunk->slabs;
  chunk->end = chunk->slabs + slabs * AVOW__SLAB;
  chunk->busy = 0;
  chunk->decommitted = 0;
  pool->chunk_slabs = slabs;
  pool->allocations++;
  keep_more(pool, slabs);
  return chunk;
}

/* The lowest that rests. */
static avow__chunk_t *chunk_wake(avow__pool_t *pool) {
  if (pool->retained == NULL)
    return NULL;
  avow__chunk_t *chunk =
      (avow__chunk_t *) avow__list_take_first(&pool->retained);
  pool->retained_slabs -= chunk_size(chunk);
  pool->least_retained = lesser(pool->least_retained, pool->retained_slabs);
  return chunk;
}

/* New ones come first: behind avow__pool_each(). */
static bool add_chunk(avow__pool_t *pool) {
  avow__chunk_t *chunk = chunk_wake(pool);
  if (chunk == NULL)
    chunk = chunk_new(pool);
  if (chunk == NULL)
    return false;
  avow__list_append(&pool->chunks, &chunk->link);
  pool->chunks = &chunk->link;
  pool->bump_chunk = chunk;
  return true;
}

/* The highest go: what malloc has above all that is in use, it can give back,
   too. */
static void slabs_trim(avow__pool_t *pool, size_t kept) {
  while (pool->retained_slabs > kept) {
    assert(pool->retained != NULL); /* what is kept rests */
    avow__chunk_t *chunk = (avow__chunk_t *) pool->retained->prev;
    avow__list_remove(&pool->retained, &chunk->link);
    const size_t slabs = chunk_size(chunk);
    pool->retained_slabs -= slabs;
    avow__discard(chunk->slabs, slabs * AVOW__SLAB);
    avow_free(chunk);
  }
}

/* The lowest come first. */
static void add_resting(avow__pool_t *pool, avow__chunk_t *chunk) {
  avow__link_t *const lowest = pool->retained;
  avow__link_t *above = lowest;
  while (above != NULL && (uintptr_t) above < (uintptr_t) chunk)
    above = above->next != lowest ? above->next : NULL;
  avow__list_append(above != NULL ? &above : &pool->retained, &chunk->link);
  if (above == lowest)
    pool->retained = &chunk->link;
  pool->retained_slabs += chunk_size(chunk);
}

static void unlist_empty(avow__pool_t *pool, avow__slab_t *slab) {
  avow__list_remove(&pool->partial, &slab->link);
  pool->empty--;
}

/* All its slabs are empty. It will be carved anew, or goes. To come and go
   without that is no sequel to what went before. */
static void chunk_rest(avow__pool_t *pool, avow__chunk_t *chunk) {
  uint64_t bit = 1;
  for (char *at = chunk->slabs; at < chunk->bump_end; at += AVOW__SLAB) {
    if ((chunk->decommitted & bit) == 0)
      unlist_empty(pool, (avow__slab_t *) (void *) at);
    bit <<= 1;
  }
  if (chunk->decommitted != 0) {
    avow__list_remove(&pool->open, &chunk->open);
    chunk->decommitted = 0;
    /* All anew, because some are no slabs any more. */
    chunk->initialized_end = chunk->slabs;
  }
  chunk->bump_end = chunk->slabs;
  if (pool->bump_chunk == chunk)
    pool->bump_chunk = NULL;
  assert(chunk->link.next != NULL); /* it is in a list */
  avow__list_remove(&pool->chunks, &chunk->link);
  add_resting(pool, chunk);
  const size_t before = pool->retained_slabs;
  slabs_trim(pool, pool->retain_limit);
  pool->given = pool->retained_slabs < before
                    ? pool->given + before - pool->retained_slabs
                    : 0;
}

void avow__pool_review(avow__pool_t *pool, uint64_t now) {
  if (now - pool->reviewed < REVIEW)
    return;
  const size_t most =
      pool->retained_slabs - lesser(pool->retained_slabs, KEPT_LEAST);
  const size_t unused = lesser(pool->least_retained, most);
  slabs_trim(pool, pool->retained_slabs - unused);
  pool->retain_limit -= lesser(unused, pool->retain_limit - KEPT);
  pool->least_retained = pool->retained_slabs;
  pool->reviewed = now;
}

static void make_slab(avow__slab_t *slab, avow__chunk_t *chunk,
                      avow__context_t *context) {
  *slab = (avow__slab_t){ .context = context,
                          .chunk = chunk,
                          .fresh = first_block(slab) };
  slab->end = slab->fresh + AVOW__BLOCKS * (size_t) AVOW__BLOCK;
  memset(slab->fresh, 0, AVOW__BLOCKS * (size_t) AVOW__BLOCK);
}

/* Of a slab that is empty. */
static void vacate(avow__pool_t *pool, avow__slab_t *slab) {
  avow__chunk_t *chunk = slab->chunk;
  unlist_empty(pool, slab);
  if (chunk->decommitted == 0)
    avow__list_append(&pool->open, &chunk->open);
  const size_t i = (size_t) ((char *) slab - chunk->slabs) / AVOW__SLAB;
  chunk->decommitted |= UINT64_C(1) << i;
  avow__discard(slab, AVOW__SLAB);
}

/* Makes a slab where one is vacant; some is. */
static avow__slab_t *refill(avow__pool_t *pool) {
  avow__chunk_t *chunk = AVOW__CONTAINER(avow__chunk_t, open, pool->open);
  size_t i = 0;
  while ((chunk->decommitted >> i & 1) == 0)
    i++;
  chunk->decommitted &= ~(UINT64_C(1) << i);
  if (chunk->decommitted == 0)
    avow__list_remove(&pool->open, &chunk->open);
  avow__slab_t *slab =
      (avow__slab_t *) (void *) (chunk->slabs + i * AVOW__SLAB);
  make_slab(slab, chunk, pool->context);
  chunk->busy++;
  return slab;
}

/* What was a slab before is one that is empty. */
static avow__slab_t *carve_slab(avow__pool_t *pool) {
  avow__chunk_t *chunk = pool->bump_chunk;
  if (chunk == NULL || chunk->bump_end == chunk->end) {
    if (pool->retained == NULL && pool->open != NULL)
      return refill(pool);
    if (!add_chunk(pool))
      return NULL;
    chunk = pool->bump_chunk;
  }
  avow__slab_t *slab = (avow__slab_t *) (void *) chunk->bump_end;
  if (chunk->bump_end == chunk->initialized_end) {
    make_slab(slab, chunk, pool->context);
    chunk->initialized_end += AVOW__SLAB;
  }
  chunk->bump_end += AVOW__SLAB;
  chunk->busy++;
  return slab;
}

static avow__slab_t *next_slab(avow__pool_t *pool) {
  avow__slab_t *slab = (avow__slab_t *) pool->partial;
  if (slab == NULL)
    return carve_slab(pool);
  if (slab->used > 0) {
    avow__list_remove(&pool->partial, &slab->link);
    return slab;
  }
  unlist_empty(pool, slab);
  slab->chunk->busy++;
  return slab;
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
  pool->empty++;
  if (--slab->chunk->busy == 0 && pool->visits == 0)
    chunk_rest(pool, slab->chunk);
  else if (pool->empty + pool->retained_slabs > pool->retain_limit &&
           pool->empty > pool->retain_limit / 4)
    vacate(pool, slab);
}

void avow__pool_free_behind(avow__pool_t *pool, avow__slab_t *moved,
                            avow_promise_t *q) {
  avow__pool_take_back(pool, moved);
  avow__pool_free(pool, q);
}

void *avow__pool_static(avow__context_t *context, int i) {
  avow__slab_t *slab = (avow__slab_t *) (void *) align(nowhere);
  slab->context = context;
  return first_block(slab) + (size_t) i * AVOW__BLOCK;
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &nothing;
  pool->retain_limit = KEPT;
}

void avow__slabs_shrink(avow__pool_t *pool) {
  const avow__slab_t *current = pool->current;
  avow__discard(current->fresh, (size_t) (current->end - current->fresh));
  pool->retain_limit = 0;
  slabs_trim(pool, 0);
  while (pool->empty > 0) {
    avow__slab_t *slab = (avow__slab_t *) pool->partial;
    assert(slab != NULL); /* the empty ones are among these */
    if (slab->used == 0)
      vacate(pool, slab);
    else
      pool->partial = slab->link.next;
  }
}

void avow__slabs_close(avow__pool_t *pool) {
  slabs_trim(pool, 0);
  while (pool->chunks != NULL)
    avow_free(avow__list_take_first(&pool->chunks));
}

static avow__chunk_t *chunk_after(const avow__pool_t *pool,
                                  const avow__chunk_t *chunk) {
  avow__link_t *next = chunk->link.next;
  return next != pool->chunks ? (avow__chunk_t *) next : NULL;
}

/* Those that became empty while there were visits. */
static void rest_empty(avow__pool_t *pool) {
  avow__chunk_t *chunk = (avow__chunk_t *) pool->chunks;
  while (chunk != NULL) {
    avow__chunk_t *next = chunk_after(pool, chunk);
    if (chunk->busy == 0)
      chunk_rest(pool, chunk);
    chunk = next;
  }
}

typedef struct {
  void (*fn)(avow_promise_t *p, void *data);
  void *data;
} visit_t;

static void visit_slab(avow__slab_t *slab, const visit_t *visit) {
  /* fresh moves back when fn frees the last. */
  for (char *at = first_block(slab); at < slab->fresh; at += AVOW__BLOCK) {
    avow_promise_t *p = (avow_promise_t *) (void *) at;
    if (p->kind != AVOW__FREE)
      visit->fn(p, visit->data);
  }
}

static void visit_chunk(avow__chunk_t *chunk, const visit_t *visit) {
  for (char *at = chunk->bump_end; at != chunk->slabs;) {
    at -= AVOW__SLAB;
    visit_slab((avow__slab_t *) (void *) at, visit);
  }
}

void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data) {
  const visit_t visit = { fn, data };
  pool->visits++;
  avow__chunk_t *chunk = (avow__chunk_t *) pool->chunks;
  for (; chunk != NULL; chunk = chunk_after(pool, chunk))
    visit_chunk(chunk, &visit);
  if (--pool->visits == 0)
    rest_empty(pool);
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
  const size_t used = given - count_free(slab);
  if (slab == pool->current)
    return false;
  AVOW__HOLDS(53, used == slab->used);
  return used < AVOW__BLOCKS;
}

typedef struct {
  size_t partial, empty;
} slabs_t;

/* How many of its slabs have blocks to give out, and all of them. */
static void check_chunk(const avow__pool_t *pool, avow__chunk_t *chunk,
                        slabs_t *slabs) {
  size_t busy = 0;
  uint64_t bit = 1;
  for (char *at = chunk->slabs; at < chunk->bump_end; at += AVOW__SLAB) {
    avow__slab_t *slab = (avow__slab_t *) (void *) at;
    if ((chunk->decommitted & bit) == 0) {
      const bool has_none = slab->used == 0 && slab != pool->current;
      slabs->partial += check_slab(pool, slab);
      slabs->empty += has_none;
      busy += !has_none;
    }
    bit <<= 1;
  }
  AVOW__HOLDS(52, busy == chunk->busy);
}

void avow__pool_check(const avow__pool_t *pool) {
  slabs_t slabs = { 0, 0 };
  avow__chunk_t *chunk = (avow__chunk_t *) pool->chunks;
  for (; chunk != NULL; chunk = chunk_after(pool, chunk))
    check_chunk(pool, chunk, &slabs);
  AVOW__HOLDS(54, slabs.partial == avow__check_list(pool->partial));
  AVOW__HOLDS(52, slabs.empty == pool->empty);
  avow__reserve_check(pool);
}

#  endif

#endif
