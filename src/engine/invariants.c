/* SPDX-License-Identifier: MIT */
/*
 * The invariants of a loop at rest: jobs may wait in its queue, but no function
 * of avow is in the middle of its work. The numbers are those of
 * docs/invariants.md. Each subsystem checks its own state.
 */
#include "engine/invariants.h"

#ifdef AVOW_CHECK

#  include "engine/child.h"
#  include "engine/gather.h"
#  include "engine/subsystems.h"

/* The counts of a walk. Each is compared at the end with the same count, found
   in another way. */
typedef struct {
  size_t queued, with_job;     /* in the queue; expected there */
  size_t listed, waiting;      /* in lists of waiters; expected there */
  size_t in_gathers, elements; /* in lists of gathers; in the pool */
  size_t shields;
  size_t closes;
} tally_t;

static void check_neighbors(const avow__link_t *link) {
  AVOW__HOLDS(1, link->next->prev == link);
  AVOW__HOLDS(1, link->prev->next == link);
}

size_t avow__check_list(const avow__link_t *list) {
  size_t n = 0;
  const avow__link_t *link = list;
  while (link != NULL) {
    check_neighbors(link);
    n++;
    link = link->next != list ? link->next : NULL;
  }
  return n;
}

size_t avow__check_queue(const avow__queue_t *queue) {
  size_t n = 0;
  const avow__link_t *link = &queue->head;
  check_neighbors(link);
  while ((link = link->next) != &queue->head) {
    check_neighbors(link);
    n++;
  }
  return n;
}

static bool is_reaction(const avow_promise_t *p) {
  switch (p->kind) {
  case AVOW__THEN:
  case AVOW__CLOSURE:
  case AVOW__ON_SETTLED:
  case AVOW__FINALLY:
  case AVOW__ATTACH:
  case AVOW__SHIELD:
  case AVOW__ADOPT:
  case AVOW__REPEAT:
  case AVOW__ASYNC:
  case AVOW__STACKLESS:
  case AVOW__UNTIL:
  case AVOW__STOPPED:
  case AVOW__STOPPER:
  case AVOW__ELEMENT:
  case AVOW__CHILD:
  case AVOW__LIMITED:
    return true;
  default:
    return (p->kind == AVOW__FINALLY_WAIT || p->kind == AVOW__CASE) &&
           p->upstream != NULL;
  }
}

/* Whether p has a job although its upstream is pending, or it has none. */
static bool is_ready(const avow_promise_t *p) {
  return p->kind == AVOW__FOLLOW || p->kind == AVOW__THENABLE ||
         p->kind == AVOW__STEP || p->kind == AVOW__GRANTED ||
         p->kind == AVOW__FINALLY_LAST || p->kind == AVOW__UNCHOSEN ||
         (p->kind == AVOW__FINALLY_WAIT && p->upstream == NULL);
}

static void check_settled(const avow_promise_t *p) {
  const bool failed = avow_is_error(&p->u.value);
  AVOW__HOLDS(2, p->u.value.tag < AVOW_PROMISE);
  AVOW__HOLDS(3, avow__state(p) == (failed ? AVOW_REJECTED : AVOW_FULFILLED));
  AVOW__HOLDS(4, p->waiters == NULL);
  AVOW__HOLDS(5, p->upstream == NULL);
  AVOW__HOLDS(6, !avow__is_bare(p));
  AVOW__HOLDS(7, (p->flags & AVOW__LOST) == 0);
}

static void check_waiters(const avow_promise_t *p, tally_t *tally) {
  const size_t n = avow__check_list(p->waiters);
  tally->listed += n;
  const avow__link_t *link = p->waiters;
  for (size_t i = 0; i < n; i++, link = link->next) {
    const avow_promise_t *waiter = (const avow_promise_t *) link;
    AVOW__HOLDS(8, waiter->upstream == p);
    AVOW__HOLDS(9, avow__is_pending(waiter) && is_reaction(waiter));
  }
  AVOW__HOLDS(11, p->refs > n);
}

static void check_element(const avow_promise_t *p,
                          const avow_promise_t *element) {
  AVOW__HOLDS(12, element->kind == AVOW__ELEMENT);
  AVOW__HOLDS(13, element->u.element.gather == p);
}

static size_t check_listed(const avow_promise_t *p) {
  const size_t n = avow__check_list(p->elements);
  avow__link_t *link = p->elements;
  for (size_t i = 0; i < n; i++, link = link->next)
    check_element(p, avow__from_sibling(link));
  return n;
}

static size_t check_placed(const avow_promise_t *p) {
  const avow__list_t *list = avow__outcomes_of(p);
  size_t n = 0;
  for (size_t i = 0; list != NULL && i < list->len; i++) {
    const avow_promise_t *element = avow__element_at(&list->items[i]);
    if (element != NULL)
      check_element(p, element);
    n += element != NULL;
  }
  return n;
}

static void check_gather(const avow_promise_t *p, tally_t *tally) {
  const size_t n = check_listed(p) + check_placed(p);
  tally->in_gathers += n;
  if (p->kind == AVOW__GATHERED) {
    AVOW__HOLDS(14, n > 0);
    return;
  }
  const bool open = avow__is_open(p);
  AVOW__HOLDS(15, p->u.gather.remaining == n + open);
  AVOW__HOLDS(16, n > 0 || open || p->u.gather.kind == AVOW_RACE);
}

static void check_deferred(const avow_promise_t *p) {
  const bool is_proxy = (p->flags & AVOW__DEFERRED_PROXY) != 0;
  AVOW__HOLDS(17, is_proxy == (p->upstream != NULL));
  if (is_proxy) {
    AVOW__HOLDS(18, p->upstream->kind == AVOW__PAIRED);
    AVOW__HOLDS(19, p->upstream->upstream == p);
  }
  if ((p->flags & AVOW__DEFERRED_DETAILED) != 0) {
    AVOW__HOLDS(20, p->u.deferred.holders > 0);
    AVOW__HOLDS(21, p->refs >= p->u.deferred.holders);
  }
}

static void check_until(const avow_promise_t *p) {
  const avow_promise_t *stopper = p->data;
  if (stopper != NULL) {
    AVOW__HOLDS(22, stopper->kind == AVOW__STOPPER);
    AVOW__HOLDS(23, stopper->u.until == p);
  }
  AVOW__HOLDS(24, p->kind != AVOW__STOPPED || stopper == NULL);
}

static void check_bare(const avow_promise_t *p) {
  AVOW__HOLDS(25, p->refs == 1);
  if (p->kind == AVOW__STOPPER)
    AVOW__HOLDS(26, p->u.until->data == p);
  if (p->kind == AVOW__CASE)
    AVOW__HOLDS(78,
                p->select->kind == AVOW__SELECT && avow__is_pending(p->select));
  if (p->kind == AVOW__CHILD) {
    AVOW__HOLDS(27, p->u.child.parent->running > 0);
    AVOW__HOLDS(28, p->u.child.parent->children != NULL);
    check_neighbors(&p->siblings);
  }
}

/* A bare block has its siblings in place of the fields that other kinds
   check. */
static void check_by_kind(const avow_promise_t *p, tally_t *tally) {
  if (avow__is_bare(p))
    check_bare(p);
  else if (p->kind == AVOW__GATHER || p->kind == AVOW__GATHERED)
    check_gather(p, tally);
  else if (p->kind == AVOW__DEFERRED)
    check_deferred(p);
  else if (p->kind == AVOW__UNTIL || p->kind == AVOW__STOPPED)
    check_until(p);
  tally->elements += p->kind == AVOW__ELEMENT;
  tally->shields += p->kind == AVOW__SHIELD;
  tally->closes += p->kind == AVOW__CLOSE;
}

static void check_pending(const avow_promise_t *p, tally_t *tally) {
  const avow__context_t *c = avow__context(p);
  const bool reacts = is_reaction(p);
  if (reacts) {
    AVOW__HOLDS(29, p->upstream != NULL);
    AVOW__HOLDS(10, avow__context(p->upstream) == c);
  }
  if (reacts && avow__is_pending(p->upstream))
    tally->waiting++;
  tally->with_job += is_ready(p) || (reacts && !avow__is_pending(p->upstream));
  AVOW__HOLDS(30, p->kind != AVOW__RUNNING || c->pins > 0);
  AVOW__HOLDS(31, p->kind != AVOW__UNWANTED);
  check_by_kind(p, tally);
  if (!avow__is_bare(p))
    check_waiters(p, tally);
}

static unsigned flags_of(const avow_promise_t *p) {
#  define FLAGS_ROW(kind) \
  case AVOW__##kind:      \
    return AVOW__FLAGS_OF_ALL(|) | AVOW__FLAGS_OF_##kind(|);
  switch (p->kind) {
    AVOW__FLAGGED(FLAGS_ROW)
  default:
    return AVOW__FLAGS_OF_ALL(|);
  }
#  undef FLAGS_ROW
}

static void check_one(avow_promise_t *p, void *data) {
  const avow__context_t *c = avow__context(p);
  AVOW__HOLDS(32, (p->flags & AVOW__TO_CANCEL) == 0);
  AVOW__HOLDS(33, p->refs > 0);
  AVOW__HOLDS(80, (p->flags & ~flags_of(p)) == 0);
#  if AVOW__DEBUG
  AVOW__HOLDS(34, p->deferreds == UINT8_MAX || p->deferreds <= p->refs);
#  endif
  AVOW__HOLDS(35, (p->flags & AVOW__SPARED) == 0 || c->close.sparing);
  if (p->kind == AVOW__CHANNEL)
    return; /* channel.c checks channels */
  AVOW__HOLDS(36, (p->flags & AVOW__STATE) <= AVOW_REJECTED);
  if (avow__is_pending(p))
    check_pending(p, data);
  else
    check_settled(p);
}

static void check_job(const avow_promise_t *p) {
  AVOW__HOLDS(37, avow__is_pending(p));
  AVOW__HOLDS(38, is_ready(p) || is_reaction(p));
  AVOW__HOLDS(39, is_ready(p) || !avow__is_pending(p->upstream));
}

static size_t check_jobs(const avow__queue_t *queue) {
  const size_t n = avow__check_queue(queue);
  const avow__link_t *link = queue->head.next;
  for (size_t i = 0; i < n; i++, link = link->next)
    check_job((const avow_promise_t *) link);
  return n;
}

static void check_context(const avow__context_t *c) {
  AVOW__HOLDS(41, !c->close.unshielded || c->life > AVOW__OPEN);
  AVOW__HOLDS(42, c->users > 0 || c->life > AVOW__OPEN);
  AVOW__HOLDS(43, !c->cancel.canceling && c->cancel.to_cancel == NULL &&
                      c->cancel.later == NULL &&
                      c->cancel.reason.tag == AVOW_NONE);
  AVOW__HOLDS(44, c->cancel.children == NULL && !c->cancel.unlisted);
  AVOW__HOLDS(46, !avow__is_pending(c->no_memory));
  AVOW__HOLDS(46, !avow__is_pending(c->canceled));
  AVOW__HOLDS(77, c->fibers.now == NULL);
}

typedef struct {
  avow__kind_t kind;
  size_t n;
} counts_t;

static void check_kind(avow_promise_t *p, void *data) {
  counts_t *counts = data;
  counts->n += p->kind == counts->kind && avow__is_pending(p);
}

size_t avow__check_count(avow__context_t *c, avow__kind_t kind) {
  counts_t counts = { .kind = kind };
  avow__pool_each(&c->pool, check_kind, &counts);
  return counts.n;
}

/* Checks the pool first, because the other checks look at its blocks. */
void avow__check_loop(avow__context_t *c) {
  tally_t tally = { 0 };
  avow__pool_check(&c->pool);
  check_context(c);
  tally.queued = check_jobs(&c->queue);
  avow__pool_each(&c->pool, check_one, &tally);
  AVOW__HOLDS(40, tally.closes == c->tables[AVOW__CLOSERS].count);
  AVOW__HOLDS(47, tally.queued == tally.with_job);
  AVOW__HOLDS(48, tally.listed == tally.waiting);
  AVOW__HOLDS(49, tally.in_gathers == tally.elements);
  AVOW__HOLDS(50, tally.shields == c->close.shields);
#  ifndef AVOW_NO_ASYNC
  AVOW__HOLDS(58, avow__check_list(c->fibers.busy) == c->fibers.used);
#  endif
  for (int i = 0; i < AVOW__TABLES; i++)
    avow__table_check(&c->tables[i]);
  avow__subsystems_check(c);
}

#endif
