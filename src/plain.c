/*
 * Built with AVOW_NO_POOL each block is the system's own, for tools that watch
 * them. A list holds them together.
 */
#include "alloc.h"
#include "promise.h"

#ifdef AVOW_NO_POOL

/* A slab that has nothing to give. */
static avow__slab_t nothing;

static avow__link_t *header(avow_promise_t *p) {
  return (avow__link_t *) (void *) p - 1;
}

void *avow__pool_grow(avow__pool_t *pool) {
  avow__link_t *head = avow__calloc(1, sizeof(*head) + sizeof(avow_promise_t));
  if (head == NULL)
    return NULL;
  avow__list_append(&pool->all, head);
  pool->all = head; /* behind avow__pool_each() */
  pool->allocations++;
  return head + 1;
}

void avow__pool_give_back(avow__pool_t *pool, avow_promise_t *p) {
  avow__link_t *head = header(p);
  if (pool->cursor == head)
    pool->cursor = head->next != pool->all ? head->next : NULL;
  avow__list_remove(&pool->all, head);
  avow__free(head);
}

void avow__slabs_init(avow__pool_t *pool) {
  pool->current = &nothing;
}

void avow__slabs_close(avow__pool_t *pool) {
  assert(pool->all == NULL);
  (void) pool; /* used by the assertion only */
}

void avow__pool_each(avow__pool_t *pool,
                     void (*fn)(avow_promise_t *p, void *data), void *data) {
  pool->cursor = pool->all;
  while (pool->cursor != NULL) {
    avow__link_t *head = pool->cursor;
    pool->cursor = head->next != pool->all ? head->next : NULL;
    avow_promise_t *p = (avow_promise_t *) (void *) (head + 1);
    if (p->kind != AVOW__FREE)
      fn(p, data);
  }
}

#endif
