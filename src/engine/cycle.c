/* SPDX-License-Identifier: MIT */
/*
 * Promises that wait for each other in a cycle. avow_loop_close() detaches the
 * reactions of a cycle, which ends most cycles. A combinator that waits for its
 * losers cannot be detached from them. So one such combinator of each cycle
 * settles without its losers.
 *
 * Each promise has at most one next promise, so a walk from one to the next
 * ends or comes back to where it was. A walk marks promises on the way, and no
 * walk goes past a mark. So all walks together take time in proportion to the
 * number of promises. AVOW__SPARED serves as the mark, because it is free while
 * no shield delays the close.
 */
#include "engine/cycle.h"

#include "engine/child.h"
#include "engine/gather.h"

typedef struct {
  avow__next_fn next;
  void (*fn)(avow_promise_t *p, void *data);
  void *data;
} cycle_walk_t;

static avow_promise_t *first_pending(avow__link_t *siblings) {
  avow__link_t *link = siblings;
  while (link != NULL) {
    avow_promise_t *input = avow__from_sibling(link)->upstream;
    if (avow__is_pending(input))
      return input;
    link = link->next != siblings ? link->next : NULL;
  }
  return NULL;
}

/* The reactions of p to its inputs; NULL if p has none. */
static avow__link_t *inputs_of(avow_promise_t *p) {
  if (p->kind == AVOW__GATHER || p->kind == AVOW__GATHERED)
    return avow__list_elements(p);
  const avow__parent_t *parent = avow__parent_of(p);
  return parent != NULL ? parent->children : NULL;
}

avow_promise_t *avow__cycle_next(avow_promise_t *p) {
  if (!avow__is_pending(p) || avow__is_bare(p))
    return NULL;
  avow__link_t *inputs = inputs_of(p);
  if (inputs != NULL)
    return first_pending(inputs);
  avow_promise_t *from =
      (p->flags & AVOW__DEFERRED_PROXY) == 0 ? p->upstream : NULL;
  return from != NULL && avow__is_pending(from) ? from : NULL;
}

/* The mark of a walk. It is removed before a shield may need the flag. */
enum { VISITED = AVOW__SPARED };

static bool is_marked(const avow_promise_t *p) {
  return (p->flags & VISITED) != 0;
}

/* Whether a walk from p meets `sought` among its first `steps` promises. */
static bool walk_meets(const cycle_walk_t *walk, avow_promise_t *p,
                       const avow_promise_t *sought, size_t steps) {
  for (; steps > 0; steps--, p = walk->next(p))
    if (p == sought)
      return true;
  return false;
}

static void walk_from(avow_promise_t *start, void *data) {
  const cycle_walk_t *walk = data;
  size_t steps = 0;
  avow_promise_t *p = start;
  for (; p != NULL && !is_marked(p); p = walk->next(p)) {
    p->flags |= VISITED;
    steps++;
  }
  if (p != NULL && walk_meets(walk, start, p, steps))
    walk->fn(p, walk->data);
}

#if AVOW__DEBUG
size_t avow__cycle_inputs(avow_promise_t *p) {
  avow__link_t *inputs = inputs_of(p);
  size_t n = 0;
  for (avow__link_t *link = inputs; link != NULL;
       link = link->next != inputs ? link->next : NULL)
    n++;
  return n;
}

size_t avow__cycle_length(avow_promise_t *p, avow_promise_t **last) {
  size_t n = 0;
  avow_promise_t *at = p;
  for (; at != NULL && !is_marked(at); at = avow__cycle_next(at), n++) {
    at->flags |= VISITED;
    *last = at;
  }
  for (at = p; at != NULL && is_marked(at); at = avow__cycle_next(at))
    at->flags &= (uint16_t) ~VISITED;
  return n;
}
#endif

static void cycle_forget(avow_promise_t *p, void *data) {
  p->flags &= (uint16_t) ~VISITED;
}

void avow__cycles_each(avow__context_t *c, avow__next_fn next,
                       void (*fn)(avow_promise_t *p, void *data), void *data) {
  assert(!c->close.sparing && avow__queue_is_empty(&c->queue));
  cycle_walk_t walk = { next, fn, data };
  avow__pool_each(&c->pool, walk_from, &walk);
  avow__pool_each(&c->pool, cycle_forget, NULL);
}

static void cycle_break(avow_promise_t *p, void *data) {
  avow_promise_t *at = p;
  while (at->kind != AVOW__GATHERED) {
    at = avow__cycle_next(at);
    assert(at != NULL); /* the cycle leads back to p */
    if (at == p)
      return; /* the cycle can be detached */
  }
  avow__gather_abandon_losers(at);
}

void avow__cycles_break(avow__context_t *c) {
  avow__cycles_each(c, avow__cycle_next, cycle_break, NULL);
}
