/* SPDX-License-Identifier: MIT */
/* How blocks go back to their slabs; without slabs, to pool_malloc.c. */
#ifndef AVOW_SLAB_H
#define AVOW_SLAB_H

#include "engine/probes.h"

#ifndef AVOW_NO_POOL
/* A slab, not the current one, has become empty, or is no longer full. */
void avow__slab_relist(avow__pool_t *pool, avow__slab_t *slab);

/* Likewise, and frees q. */
void avow__slab_relist_then_free(avow__pool_t *pool, avow__slab_t *moved,
                                 avow_promise_t *q);

/* Whether a slab with so many blocks still in use was full, or is empty now,
   and goes to another list for it. It is one comparison: 0 - 1 is more than
   any. */
static inline bool avow__slab_changes_list(uint32_t used) {
  return used - 1 >= AVOW__BLOCKS - 2;
}

/* Puts a block back. Whether its slab has to be taken back for it. */
static inline bool avow__pool_put(avow__pool_t *pool, avow_promise_t *p) {
  avow__slab_t *slab = avow__slab_of(p);
  avow__probe_freed(pool->context, p);
#  if AVOW__DEBUG
  p->refs = 0; /* whoever still uses it meets an assertion */
#  endif
  p->kind = AVOW__FREE;
  p->link.next = slab->free;
  slab->free = &p->link;
  return slab != pool->current && avow__slab_changes_list(--slab->used);
}

static inline void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p) {
  if (AVOW__UNLIKELY(avow__pool_put(pool, p)))
    avow__slab_relist(pool, avow__slab_of(p));
}
#endif

/* Frees a block, whatever is in it. */
static inline void avow__pool_free(avow__pool_t *pool, avow_promise_t *p) {
  p->upstream = NULL;
  p->waiters = NULL;
  avow__pool_give_back(pool, p);
}

#ifndef AVOW_NO_POOL
/* Gives p back and frees q, where calls must come last. */
static inline void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                                        avow_promise_t *q) {
  if (AVOW__UNLIKELY(avow__pool_put(pool, p)))
    avow__slab_relist_then_free(pool, avow__slab_of(p), q);
  else
    avow__pool_free(pool, q);
}
#endif

#endif
