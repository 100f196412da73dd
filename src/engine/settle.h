/* SPDX-License-Identifier: MIT */
/*
 * The life of a promise: it is made, waited for, settled and released. The
 * engine uses this, and higher layers that have kinds of their own.
 */
#ifndef AVOW_SETTLE_H
#define AVOW_SETTLE_H

#include "engine/block.h"
#include "engine/check_ownership.h"
#include "engine/check_thread.h"
#include "engine/probes.h"
#include "engine/slab.h"
#include "engine/tick.h"
#include "engine/unhandled.h"

/* Initial reference count: 1 if only its source references the promise,
   otherwise 2. */
static inline uint32_t avow__refs_of(avow__kind_t kind) {
  const bool alone = kind == AVOW__ELEMENT || kind == AVOW__CHILD ||
                     kind == AVOW__STOPPER || kind == AVOW__UNWANTED ||
                     kind == AVOW__CASE || kind == AVOW__CHANNEL;
  return alone ? 1 : 2;
}

/* Makes a promise from a free block, which has no upstream and no waiters.
   Stores are the main cost, so this sets one word, and the caller sets the
   fields that the kind needs. */
static inline avow_promise_t *avow__promise_init(avow__context_t *c,
                                                 void *block,
                                                 avow__kind_t kind) {
  avow_promise_t *p = block;
  assert(p->upstream == NULL && p->waiters == NULL);
  assert(avow__kinds[kind].name != NULL);
  p->refs = avow__refs_of(kind);
  p->kind = (uint8_t) kind;
  p->flags = AVOW_PENDING;
  p->deferreds = kind == AVOW__DEFERRED;
  avow__probe_made(c, p);
  return p;
}

/* A new promise of this kind; NULL if out of memory. */
static inline avow_promise_t *avow__promise_alloc(avow__context_t *c,
                                                  avow__kind_t kind) {
  avow__check_reuse(c);
  void *block = AVOW__LIKELY(c->life < AVOW__GIVING_UP)
                    ? avow__pool_alloc(&c->pool)
                    : NULL;
  if (AVOW__UNLIKELY(block == NULL))
    return NULL;
  return avow__promise_init(c, block, kind);
}

/* A new promise of this kind if the current slab has a block. If this returns
   NULL, the caller tries avow__promise_alloc() in a function of its own, marked
   AVOW__APART. */
static inline avow_promise_t *avow__promise_take(avow__context_t *c,
                                                 avow__kind_t kind) {
  avow__check_reuse(c);
  void *block = AVOW__LIKELY(c->life < AVOW__GIVING_UP)
                    ? avow__pool_take(&c->pool)
                    : NULL;
  if (AVOW__UNLIKELY(block == NULL))
    return NULL;
  return avow__promise_init(c, block, kind);
}

/* Frees a promise that has a value to release, or whose loop is closed. */
void avow__destroy_slowly(avow_promise_t *p);

static inline void avow__destroy(avow__context_t *c, avow_promise_t *p) {
  assert(!avow__is_pending(p) && p->upstream == NULL && p->waiters == NULL);
  if (AVOW__LIKELY(p->u.value.tag < AVOW_OBJECT && c->life != AVOW__CLOSED))
    avow__pool_give_back(&c->pool, p);
  else
    avow__destroy_slowly(p);
}

static inline void avow__unref(avow_promise_t *p) {
  assert(p->refs > 0);
  if (p->refs == 1)
    avow__destroy(avow__context(p), p);
  else
    p->refs--;
}

/* avow__unref() in a job, where the context is known and the loop is not
   closed. */
static inline void avow__unref_in_job(avow__context_t *c, avow_promise_t *p) {
  assert(p->refs > 0 && c->life != AVOW__CLOSED);
  if (p->refs != 1)
    p->refs--;
  else if (AVOW__LIKELY(p->u.value.tag < AVOW_OBJECT))
    avow__pool_give_back(&c->pool, p);
  else
    avow__destroy_slowly(p);
}

/* Marks p as HANDLED. A hook of the program may release p. */
static inline void avow__mark_handled(avow_promise_t *p) {
  const bool news =
      (p->flags & (AVOW__HANDLED | AVOW_REJECTED)) == AVOW_REJECTED;
  p->flags |= AVOW__HANDLED;
  if (AVOW__UNLIKELY(news && avow__context(p)->options.on_handle != NULL)) {
    p->refs++;
    avow__track_handle(p);
    avow__unref(p);
  }
}

/* Adds a job to a queue that will be drained: c->awake is set. */
static inline void avow__enqueue_awake(avow__context_t *c, avow_promise_t *p) {
  avow__probe_queued(c, p);
  avow__queue_append(&c->queue, &p->link);
}

/* Adds a job, and makes sure that it will run. */
static inline void avow__enqueue(avow__context_t *c, avow_promise_t *p) {
  avow__enqueue_awake(c, p);
  if (AVOW__UNLIKELY(!c->awake))
    avow__wake(c);
}

/* Adds a reaction to the waiters of its upstream, or to the queue if the
   upstream has settled. A hook of the program is called last, because it may
   cancel promises, which may free p. */
static inline void avow__subscribe(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  if (avow__is_pending(from)) {
    avow__list_append(&from->waiters, &p->link);
  } else {
    avow__enqueue(avow__context(p), p);
    avow__mark_handled(from);
  }
}

/* Settles a pending promise that is marked as LOST or CANCELED. */
void avow__settle_marked(avow_promise_t *p, avow_value_t v);

/* Queues the waiters of p, which has at least one. */
static inline void avow__trigger(avow__context_t *c, avow_promise_t *p) {
  avow__link_t *waiters = p->waiters;
  p->waiters = NULL;
  avow__probe_triggered(c, waiters);
  avow__queue_join(&c->queue, waiters, waiters->prev);
}

/* Fulfills a pending promise and releases the reference of its source, if a few
   stores are enough. Otherwise returns false, and nothing has changed. */
static inline bool avow__try_fulfill(avow_promise_t *p, avow_value_t v) {
  avow__context_t *c = avow__context(p);
  if (AVOW__UNLIKELY(v.tag >= AVOW_ERROR ||
                     (p->flags & (AVOW__LOST | AVOW__CANCELED)) != 0 ||
                     p->refs == 1 || !c->awake))
    return false;
  p->u.value = v;
  p->flags |= AVOW_FULFILLED;
  avow__probe_settled(c, p);
  p->refs--;
  if (p->waiters != NULL)
    avow__trigger(c, p);
  return true;
}

/* Whether settling p must wake the loop: for its waiters, or for an avow_run()
   of p. */
static inline bool avow__wakes(const avow__context_t *c,
                               const avow_promise_t *p) {
  return AVOW__UNLIKELY(!c->awake) && (p->waiters != NULL || p == c->run_for);
}

/* Settles a pending promise that is marked neither as LOST nor as CANCELED. */
static inline void avow__settle_now(avow_promise_t *p, avow_value_t v) {
  avow__context_t *c = avow__context(p);
  const bool fails = v.tag == AVOW_ERROR;
  const bool wakes = avow__wakes(c, p);
  const unsigned handled = p->waiters != NULL ? AVOW__HANDLED : 0;
  p->u.value = v;
  p->flags |= (uint16_t) (handled | (fails ? AVOW_REJECTED : AVOW_FULFILLED));
  avow__probe_settled(c, p);
  if (p->waiters != NULL)
    avow__trigger(c, p);
  else if (AVOW__UNLIKELY(fails && c->options.on_reject != NULL))
    avow__track_reject(p);
  if (wakes)
    avow__wake(c);
}

/* Settles a pending promise. The caller releases the reference of its
   source. */
static inline void avow__settle(avow_promise_t *p, avow_value_t v) {
  assert(avow__is_pending(p) && v.tag < AVOW_PROMISE);
  if (AVOW__UNLIKELY((p->flags & (AVOW__LOST | AVOW__CANCELED)) != 0))
    avow__settle_marked(p, v);
  else
    avow__settle_now(p, v);
}

/* Releases a settled promise and returns its value or reason. The value is
   moved if this was the last reference. Only jobs call this, so the loop is not
   closed. */
static inline avow_value_t avow__take_outcome(avow_promise_t *from) {
  if (AVOW__LIKELY(from->refs == 1)) {
    const avow_value_t v = from->u.value;
    avow__pool_give_back(&avow__context(from)->pool, from);
    return v;
  }
  from->refs--;
  return avow_value_ref(&from->u.value);
}

/* Releases the upstream of p and returns its value or reason. */
static inline avow_value_t avow__take_upstream(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  p->upstream = NULL;
  return avow__take_outcome(from);
}

/* Starts adopting v, a promise or a thenable. */
void avow__adopt(avow_promise_t *p, avow_value_t v);

/* ECMA-262, Promise Resolve Functions: settles p with v, or starts adopting v.
   Takes the source's reference to p, or makes it that of the next source. */
static inline void avow__resolve(avow_promise_t *p, avow_value_t v) {
  if (AVOW__UNLIKELY(v.tag >= AVOW_PROMISE)) {
    avow__adopt(p, v);
    return;
  }
  avow__settle(p, v);
  avow__unref(p);
}

/* avow__resolve() for a new promise, which has no waiters. */
static inline void avow__resolve_new(avow_promise_t *p, avow_value_t v) {
  if (AVOW__UNLIKELY(v.tag >= AVOW_ERROR)) {
    avow__resolve(p, v);
    return;
  }
  p->u.value = v;
  p->flags |= AVOW_FULFILLED;
  avow__probe_settled(avow__context(p), p);
  p->refs--;
}

/* Reports that a promise waits for a promise of another loop. */
void avow__misuse_of_loops(const char *called);

/* Whether p belongs to the loop of c. If not, reports misuse. */
#define avow__same_loop(c, p) avow__same_loop_in(c, p, AVOW__CALLED)
static inline bool avow__same_loop_in(const avow__context_t *c,
                                      const avow_promise_t *p,
                                      const char *called) {
  if (AVOW__LIKELY(avow__context(p) == c))
    return true;
  avow__misuse_of_loops(called);
  return false;
}

/* Removes a pending reaction from the waiters of its upstream or the queue. */
void avow__withdraw(avow_promise_t *p);

#endif
