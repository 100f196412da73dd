/* SPDX-License-Identifier: MIT */
/*
 * With AVOW_NO_POOL, each block is an allocation of its own, so that tools can
 * watch it. A list links all blocks.
 */
#include "base/alloc.h"
#include "engine/invariants.h"
#include "engine/settle.h"

#ifdef AVOW_NO_POOL

/* The current slab of each pool. It has no blocks. */
static avow__slab_t no_slab;

static avow__malloc_block_t static_blocks[2];

void *avow__pool_grow(avow__pool_t *pool) {
  avow__malloc_block_t *block = avow_calloc(1, sizeof(*block));
  if (block == NULL)
    return NULL;
  block->context = pool->context;
  avow__list_append(&pool->all, &block->link);
  pool->all = &block->link; /* avow__pool_each() skips it */
  pool->allocations++;
  return &block->promise;
}

void *avow__pool_static(avow__context_t *context, int i) {
  static_blocks[i].context = context;
  return &static_blocks[i].promise;
}

struct avow__cursor_s {
  avow__link_t *next;
  avow__cursor_t *outer; /* its function is on the stack, too */
};

static avow__link_t *block_after(const avow__pool_t *pool,
                                 const avow__link_t *link) {
  return link->next != pool->all ? link->next : NULL;
}

void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p) {
  avow__malloc_block_t *block = avow__malloc_block_of(p);
  avow__link_t *link = &block->link;
  avow__probe_freed(pool->context, p);
  for (avow__cursor_t *at = pool->cursor; at != NULL; at = at->outer)
    if (at->next == link)
      at->next = block_after(pool, link);
  avow__list_remove(&pool->all, link);
  avow_free(block);
}

void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                          avow_promise_t *q) {
  avow__pool_give_back(pool, p);
  avow__pool_free(pool, q);
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &no_slab;
}

unsigned avow__pool_review(avow__pool_t *pool, uint64_t now) {
  (void) pool; /* no slab can be empty */
  (void) now;
  return 0;
}

void avow__slabs_shrink(avow__pool_t *pool) {
  (void) pool; /* no slab is kept */
}

void avow__slabs_close(avow__pool_t *pool) {
  assert(pool->all == NULL);
  (void) pool; /* used by the assertion only */
}

void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data) {
  avow__cursor_t cursor = { .next = pool->all, .outer = pool->cursor };
  pool->cursor = &cursor;
  while (cursor.next != NULL) {
    avow__link_t *link = cursor.next;
    cursor.next = block_after(pool, link);
    avow_promise_t *p = &((avow__malloc_block_t *) link)->promise;
    if (p->kind != AVOW__FREE)
      fn(p, data);
  }
  pool->cursor = cursor.outer;
}

#  ifdef AVOW_CHECK

void avow__pool_check(const avow__pool_t *pool) {
  (void) avow__check_list(pool->all);
  avow__reserve_check(pool);
}

#  endif

#endif
