/* SPDX-License-Identifier: MIT */
/*
 * Promises: making, settling and releasing them. Settling allocates nothing and
 * calls no handler: it moves the waiters to the queue of the loop.
 */
#include "engine/promise.h"

#include "engine/origin.h"
#include "engine/settle.h"
#include "fiber/exceptions.h"

static avow_value_t ref_promise(const avow_promise_t *p) {
  return avow_follow(avow_ref(p));
}

static const avow__held_t promise_holds = { ref_promise, avow_unref };

void avow__promises_begin(void) {
  avow__value_may_hold(&promise_holds);
}

AVOW__APART avow_promise_t *avow__refuse_null_in(const char *what,
                                                 const char *called) {
  avow__misuse_of_null_in(what, called);
  return avow__no_promise(avow__unbound_context());
}

#if AVOW__DEBUG
/* Counts that a deferred of p settles it, or is dropped. */
static void promise_spend(avow_promise_t *p, const char *called) {
  avow__check_deferred_in((const avow_deferred_t *) p, called);
#  ifdef AVOW_TRACE
  if ((p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) == 0)
    p->settled_by = avow__program_caller();
#  endif
  if (p->deferreds < UINT8_MAX)
    p->deferreds--;
}
#else
#  define promise_spend(p, called) ((void) (p))
#endif

bool avow__has_settled(const avow_promise_t *p) {
  return !avow__is_pending(p);
}

bool avow__is_canceled(const avow_promise_t *p) {
  return (p->flags & AVOW__CANCELED) != 0;
}

void avow__mark_in_value(avow_promise_t *p) {
  p->flags |= AVOW__IN_VALUE;
}

void avow__unref_handled(avow_promise_t *p) {
  avow__mark_handled(p);
  avow_unref(p);
}

void avow__outlast_cancel(avow_deferred_t *d) {
  ((avow_promise_t *) d)->flags |= AVOW__DEFERRED_OUTLASTS;
}

void avow__delay_close(avow_deferred_t *d) {
  avow_promise_t *p = (avow_promise_t *) d;
  assert(avow__is_pending(p) && p->kind == AVOW__DEFERRED);
  p->flags |= AVOW__DEFERRED_DELAYS_CLOSE;
}

avow_promise_t *avow__no_promise(avow__context_t *c) {
  avow__promises_begin(); /* this may be the first promise */
  return avow__ref(c->life >= AVOW__GIVING_UP ? c->canceled : c->no_memory);
}

avow_promise_t *avow__refuse_closed(const void *block) {
  avow__context_t *c = avow__context(block);
  return c->life == AVOW__CLOSED ? avow__no_promise(c) : NULL;
}

static AVOW__APART void release_after_close(avow__context_t *c,
                                            avow_promise_t *p) {
  c->handle_requests++; /* keeps the context */
  avow__unref(p);
  c->handle_requests--;
  avow__context_release(c);
}

/* Releases a reference of the program. After the close, the last one may free
   the context. */
static inline void promise_release(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  if (AVOW__LIKELY(c->life != AVOW__CLOSED))
    avow__unref(p);
  else
    release_after_close(c, p);
}

static inline avow_promise_t *defer(avow_promise_t *p, avow_deferred_t **out) {
  *out = (avow_deferred_t *) p;
  return p;
}

static avow_promise_t *defer_nothing(avow__context_t *c,
                                     avow_deferred_t **out) {
  *out = (avow_deferred_t *) avow__no_promise(c);
  return avow__no_promise(c);
}

avow_promise_t *avow__promise_new(avow__context_t *c, avow_deferred_t **out) {
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__DEFERRED);
  return p != NULL ? defer(p, out) : defer_nothing(c, out);
}

avow_promise_t *avow__promise_new_outlasting(avow__context_t *c,
                                             void (*on_cancel)(void *data),
                                             void *data,
                                             avow_deferred_t **out) {
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__DEFERRED);
  *out = (avow_deferred_t *) p;
  if (p == NULL)
    return avow__no_promise(c);
  p->flags = AVOW__DEFERRED_DETAILED | AVOW__DEFERRED_OUTLASTS;
  p->u.deferred.on_cancel = on_cancel;
  p->u.deferred.holders = 1;
  p->data = data;
  return p;
}

static AVOW__APART avow_promise_t *new_fully(uv_loop_t *loop,
                                             avow_deferred_t **out) {
  return avow__promise_new(avow__context_of(loop), out);
}

avow_promise_t *avow_promise_new(uv_loop_t *loop, avow_deferred_t **out) {
  avow__check_ready(loop);
  if (AVOW__UNLIKELY(out == NULL))
    return avow__refuse_null("out pointer");
  const avow__entry_t *entry = avow__entry_of(loop);
  if (AVOW__UNLIKELY(!avow__entry_is_of(entry, loop)))
    return new_fully(loop, out);
  avow__context_t *c = entry->context;
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_take(c, AVOW__DEFERRED);
  return AVOW__LIKELY(p != NULL) ? defer(p, out) : new_fully(loop, out);
}

void *avow__block_surely(avow__context_t *c) {
  if (c->life == AVOW__CLOSED || c->life == AVOW__NO_HANDLERS)
    return NULL;
  return avow__pool_alloc_reserved(&c->pool);
}

avow_promise_t *avow__promise_new_surely(avow__context_t *c,
                                         avow_deferred_t **out) {
  void *block = avow__block_surely(c);
  if (block == NULL)
    return defer_nothing(c, out);
  return defer(avow__promise_init(c, block, AVOW__DEFERRED), out);
}

static AVOW__APART avow_promise_t *resolved_fully(uv_loop_t *loop,
                                                  avow_value_t v) {
  if (v.tag == AVOW_PROMISE)
    return avow__given(v.u.p, "followed promise");
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL) {
    avow__value_unref(v);
    return avow__no_promise(c);
  }
  avow__resolve(p, v);
  return p;
}

/* A new promise has no waiters, so a plain value needs only to be stored. */
avow_promise_t *avow_promise_resolve(uv_loop_t *loop, avow_value_t v) {
  avow__check_ready(loop);
  const avow__entry_t *entry = avow__entry_of(loop);
  if (AVOW__UNLIKELY(v.tag >= AVOW_ERROR || !avow__entry_is_of(entry, loop)))
    return resolved_fully(loop, v);
  avow__context_t *c = entry->context;
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_take(c, AVOW__VALUE);
  if (AVOW__UNLIKELY(p == NULL))
    return resolved_fully(loop, v);
  p->u.value = v;
  p->flags |= AVOW_FULFILLED;
  avow__probe_settled(c, p);
  p->refs--;
  return p;
}

avow_promise_t *avow_promise_reject(uv_loop_t *loop, avow_value_t error) {
  avow__check_ready(loop);
  return avow_promise_resolve(loop, avow__reason(error));
}

avow_promise_t *avow__refuse(uv_loop_t *loop, int code, const char *name,
                             const char *object) {
  return avow_promise_reject(loop, avow__error_of(code, name, object));
}

avow_promise_t *avow_try(uv_loop_t *loop, avow_fn fn, void *data) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (fn == NULL)
    return avow__refuse(loop, UV_EINVAL, "try", NULL);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__RUNNING);
  if (p == NULL)
    return avow__no_promise(c);
  avow__probe_named(c, p, "try");
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  c->pins++;
  const avow_value_t result = fn(data);
  c->pins--;
  inside = false;
  avow__resolve(p, result);
  return p;
}

avow_value_t avow__reason(avow_value_t v) {
  if (v.tag == AVOW_ERROR)
    return v;
  return avow_error_new(AVOW_EREASON, v, NULL);
}

/* The answer of a thenable settles the promise that waits for it. */
static void resolve_pair(avow_promise_t *proxy, avow_value_t v) {
  avow_promise_t *p = proxy->upstream;
  proxy->upstream = NULL;
  p->upstream = NULL;
  avow__resolve(p, v);
  proxy->kind = AVOW__VALUE;
  avow__settle(proxy, avow_none());
  avow__unref(proxy);
}

/* The slow path of avow_resolve(): d comes too late, or its promise does not
   settle in one step. */
static AVOW__APART bool resolve_fully(avow_promise_t *p, avow_value_t v) {
  if ((p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) != 0) {
    avow__value_unref(v);
    promise_release(p);
    return false;
  }
  p->flags |= AVOW__DEFERRED_RESOLVED;
  if ((p->flags & AVOW__DEFERRED_PROXY) != 0)
    resolve_pair(p, v);
  else
    avow__resolve(p, v);
  return true;
}

static AVOW__APART bool resolve_nothing(avow_value_t v) {
  avow__misuse_of_null("deferred");
  avow__value_unref(v);
  return false;
}

static AVOW__APART bool wake_for_it(avow__context_t *c) {
  avow__wake(c);
  return true;
}

/* The fast path takes a few stores, and needs no stack frame. */
bool avow_resolve(avow_deferred_t *d, avow_value_t v) {
  avow__check_deferred(d);
  if (AVOW__UNLIKELY(d == NULL))
    return resolve_nothing(v);
  avow_promise_t *p = (avow_promise_t *) d;
  promise_spend(p, AVOW__CALLED);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  const int apart = AVOW__DEFERRED_RESOLVED | AVOW__STATE | AVOW__CANCELED |
                    AVOW__DEFERRED_PROXY | AVOW__LOST;
  if (AVOW__UNLIKELY((p->flags & apart) != 0 || v.tag >= AVOW_ERROR ||
                     p->refs == 1))
    return resolve_fully(p, v);
  const bool wakes = avow__wakes(c, p);
  p->u.value = v;
  p->flags |= AVOW__DEFERRED_RESOLVED | AVOW_FULFILLED;
  avow__probe_settled(c, p);
  p->refs--;
  if (p->waiters != NULL)
    avow__trigger(c, p);
  return wakes ? wake_for_it(c) : true;
}

avow_promise_t *avow__detail(avow_promise_t *p) {
  if ((p->flags & AVOW__DEFERRED_DETAILED) == 0) {
    p->flags |= AVOW__DEFERRED_DETAILED;
    p->u.deferred.on_cancel = NULL;
    p->u.deferred.holders = 1;
  }
  return p;
}

bool avow_reject(avow_deferred_t *d, avow_value_t error) {
  avow__check_deferred(d);
  return avow_resolve(d, avow__reason(error));
}

avow_deferred_t *avow_deferred_ref(const avow_deferred_t *d) {
  avow_promise_t *p = avow__given(d, "deferred");
  avow__check_deferred((avow_deferred_t *) p);
  avow__check_thread(avow__context(p));
  p->refs++;
  if (AVOW__DEBUG && p->deferreds < UINT8_MAX)
    p->deferreds++;
  if ((p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) == 0)
    avow__detail(p)->u.deferred.holders++;
  return (avow_deferred_t *) p;
}

void avow_deferred_drop(avow_deferred_t *d) {
  if (d == NULL)
    return;
  avow_promise_t *p = (avow_promise_t *) d;
  avow__check_deferred(d);
  avow__check_thread(avow__context(p));
  const bool settles =
      (p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) == 0;
  if (settles && --avow__detail(p)->u.deferred.holders == 0) {
    (void) avow_resolve(d, avow_error(AVOW_EBROKEN)); /* it is unsettled */
  } else {
    promise_spend(p, AVOW__CALLED);
    avow__site_begin();
    promise_release(p);
    avow__site_end();
  }
}

avow_promise_t *avow_ref(const avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_borrowed(p);
  return avow__ref(p);
}

static void promise_unref(avow_promise_t *p, const char *called) {
  if (p == NULL)
    return;
  avow__check_thread_in(avow__context(p), called);
  avow__check_taken_in(p, called);
  promise_release(p);
}

void avow_unref(avow_promise_t *p) {
  avow__site_begin();
  promise_unref(p, AVOW__CALLED);
  avow__site_end();
}

void avow_promise_clear(avow_promise_t **p) {
  if (p == NULL) {
    avow__misuse_of_null("promise");
    return;
  }
  avow__site_begin();
  promise_unref(avow_promise_steal(p), AVOW__CALLED);
  avow__site_end();
}

avow_state_t avow_state(const avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_borrowed(p);
  return avow__state(p);
}

const avow_value_t *avow_result(const avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_borrowed(p);
  if (avow__is_pending(p))
    return NULL;
  /* A program that reads a reason knows of it. A program that tracks rejections
     reads the reason to report it, and must still learn of a handler. */
  if (avow__context(p)->options.on_reject == NULL)
    avow__mutable(p)->flags |= AVOW__HANDLED;
  return &p->u.value;
}
