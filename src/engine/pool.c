/* SPDX-License-Identifier: MIT */
/*
 * Blocks for promises. A few are kept in reserve, so that important reactions
 * are not lost when memory is short.
 */
#include "engine/pool.h"

#include "base/check.h"
#include "engine/slab.h"

enum { RESERVE = 64 };

/* Blocks in the reserve count as free. */
static bool add_to_reserve(avow__pool_t *pool) {
  avow_promise_t *p = avow__pool_alloc(pool);
  if (p == NULL)
    return false;
  p->kind = AVOW__FREE;
  p->link.next = pool->reserve;
  pool->reserve = &p->link;
  pool->reserved++;
  return true;
}

bool avow__pool_init(avow__pool_t *pool) {
  avow__slabs_init(pool);
  while (pool->reserved < RESERVE)
    if (!add_to_reserve(pool))
      return false;
  return true;
}

void avow__pool_close(avow__pool_t *pool) {
  while (pool->reserve != NULL) {
    avow_promise_t *p = (avow_promise_t *) pool->reserve;
    pool->reserve = pool->reserve->next;
    avow__pool_free(pool, p);
  }
  avow__slabs_close(pool);
}

static void pool_count_one(avow_promise_t *p, void *data) {
  uint64_t *count = data;
  ++*count;
}

uint64_t avow__pool_count(avow__pool_t *pool) {
  uint64_t count = 0;
  avow__pool_each(pool, pool_count_one, &count);
  return count;
}

void *avow__pool_alloc_reserved(avow__pool_t *pool) {
  if (pool->reserved < RESERVE)
    (void) add_to_reserve(pool); /* may fail; the next call tries again */
  void *block = avow__pool_alloc(pool);
  if (block != NULL || pool->reserve == NULL)
    return block;
  block = pool->reserve;
  pool->reserve = pool->reserve->next;
  pool->reserved--;
  return block;
}

#ifdef AVOW_CHECK

void avow__reserve_check(const avow__pool_t *pool) {
  size_t n = 0;
  for (avow__link_t *link = pool->reserve; link != NULL; link = link->next)
    n++;
  AVOW__HOLDS(55, n == pool->reserved && n <= RESERVE);
}

#endif
