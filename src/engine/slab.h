/* SPDX-License-Identifier: MIT */
/* Returning blocks to their slabs, or to pool_malloc.c if there are no
   slabs. */
#ifndef AVOW_SLAB_H
#define AVOW_SLAB_H

#include "engine/probes.h"

#ifdef AVOW__QUARANTINE
/* Puts a block in quarantine. The oldest block in it may return to its slab. */
void avow__pool_quarantine(avow__pool_t *pool, avow_promise_t *p);

/* Returns the blocks in quarantine to their slabs. Returns whether there were
   any. */
bool avow__pool_end_quarantine(avow__pool_t *pool);
#else
#  define avow__pool_end_quarantine(pool) (false)
#endif

#ifndef AVOW_NO_POOL
/* Moves a slab to the right list after it has become empty, or is no longer
   full. It is not the current slab. */
void avow__slab_relist(avow__pool_t *pool, avow__slab_t *slab);

/* Moves a slab to the right list, and frees q. */
void avow__slab_relist_then_free(avow__pool_t *pool, avow__slab_t *moved,
                                 avow_promise_t *q);

/* Whether a slab with `used` blocks in use was full before, or is empty now,
   and so belongs in another list. This is one comparison, because 0 - 1 is
   greater than any count. */
static inline bool avow__slab_changes_list(uint32_t used) {
  return used - 1 >= AVOW__BLOCKS - 2;
}

/* Returns a block to its slab. True if the slab belongs in another list now. */
static inline bool avow__pool_put(avow__pool_t *pool, avow_promise_t *p) {
  avow__slab_t *slab = avow__slab_of(p);
#  ifndef AVOW__QUARANTINE
  avow__probe_freed(pool->context, p);
#    if AVOW__DEBUG
  p->refs = 0; /* a later use fails an assertion */
#    endif
  p->kind = AVOW__FREE;
#  endif
  p->link.next = slab->free;
  slab->free = &p->link;
  return slab != pool->current && avow__slab_changes_list(--slab->used);
}

static inline void avow__pool_return(avow__pool_t *pool, avow_promise_t *p) {
  if (AVOW__UNLIKELY(avow__pool_put(pool, p)))
    avow__slab_relist(pool, avow__slab_of(p));
}

static inline void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p) {
#  ifdef AVOW__QUARANTINE
  avow__pool_quarantine(pool, p);
#  else
  avow__pool_return(pool, p);
#  endif
}
#endif

/* Frees a block in any state. */
static inline void avow__pool_free(avow__pool_t *pool, avow_promise_t *p) {
  p->upstream = NULL;
  p->waiters = NULL;
  avow__pool_give_back(pool, p);
}

#ifndef AVOW_NO_POOL
/* Gives back p and frees q, by tail calls. */
static inline void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                                        avow_promise_t *q) {
#  ifdef AVOW__QUARANTINE
  avow__pool_give_back(pool, p);
  avow__pool_free(pool, q);
#  else
  if (AVOW__UNLIKELY(avow__pool_put(pool, p)))
    avow__slab_relist_then_free(pool, avow__slab_of(p), q);
  else
    avow__pool_free(pool, q);
#  endif
}
#endif

#endif
