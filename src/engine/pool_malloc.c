/* SPDX-License-Identifier: MIT */
/*
 * Built with AVOW_NO_POOL each block is the system's own, for tools that watch
 * them. A list holds them together.
 */
#include "base/alloc.h"
#include "engine/invariants.h"
#include "engine/settle.h"

#ifdef AVOW_NO_POOL

/* A slab that has nothing to give. */
static avow__slab_t nothing;

static avow__plain_t nowhere[2];

void *avow__pool_grow(avow__pool_t *pool) {
  avow__plain_t *plain = avow_calloc(1, sizeof(*plain));
  if (plain == NULL)
    return NULL;
  plain->context = pool->context;
  avow__list_append(&pool->all, &plain->link);
  pool->all = &plain->link; /* behind avow__pool_each() */
  pool->allocations++;
  return &plain->promise;
}

void *avow__pool_static(avow__context_t *context, int i) {
  nowhere[i].context = context;
  return &nowhere[i].promise;
}

struct avow__cursor_s {
  avow__link_t *next;
  avow__cursor_t *outer; /* whose function is on the stack */
};

static avow__link_t *plain_after(const avow__pool_t *pool,
                                 const avow__link_t *link) {
  return link->next != pool->all ? link->next : NULL;
}

void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p) {
  avow__plain_t *plain = avow__plain_of(p);
  avow__link_t *link = &plain->link;
  avow__probe_freed(pool->context, p);
  for (avow__cursor_t *at = pool->cursor; at != NULL; at = at->outer)
    if (at->next == link)
      at->next = plain_after(pool, link);
  avow__list_remove(&pool->all, link);
  avow_free(plain);
}

void avow__pool_free_both(avow__pool_t *pool, avow_promise_t *p,
                          avow_promise_t *q) {
  avow__pool_give_back(pool, p);
  avow__pool_free(pool, q);
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &nothing;
}

void avow__pool_review(avow__pool_t *pool, uint64_t now) {
  (void) pool; /* nothing is empty */
  (void) now;
}

void avow__slabs_shrink(avow__pool_t *pool) {
  (void) pool; /* nothing is kept */
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
    cursor.next = plain_after(pool, link);
    avow_promise_t *p = &((avow__plain_t *) link)->promise;
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
