/* SPDX-License-Identifier: MIT */
/*
 * Chains: the reactions that avow_then() and avow_catch() make, the adoption of
 * promises that handlers return, and the running of jobs (ECMA-262,
 * NewPromiseReactionJob and NewPromiseResolveThenableJob). A job never runs
 * another job: the reactions to promises that it settles are added to the
 * queue.
 */
#include "engine/chain.h"

#include <limits.h>

#include "engine/await.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/check_stack.h"
#include "engine/nomem.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "engine/slow_job.h"

#ifndef AVOW_NO_ASYNC
#  include "engine/async.h"
#endif

static inline void react(avow_promise_t *q, avow_promise_t *p,
                         avow_cb on_fulfilled, avow_cb on_rejected,
                         void *data) {
  q->u.then.on_fulfilled = on_fulfilled;
  q->u.then.on_rejected = on_rejected;
  q->data = data;
  q->upstream = p;
}

/* The slow path of avow_then(): no block is ready, or p is NULL or rejected. A
   hook of the program may be called for a rejected p. */
static AVOW__APART avow_promise_t *then_fully(avow_promise_t *p,
                                              avow_cb on_fulfilled,
                                              avow_cb on_rejected, void *data) {
  p = avow__given(p, "promise");
  avow__context_t *c = avow__context(p);
  avow__check_thread_in(c, "avow_then");
  avow__check_data_in(c, data, "avow_then");
  avow_promise_t *q = avow__promise_alloc(c, AVOW__THEN);
  if (q == NULL)
    return avow__fail_nomem(c, p);
  react(q, p, on_fulfilled, on_rejected, data);
  avow__subscribe(q);
  return q;
}

static AVOW__APART avow_promise_t *enqueue_and_wake(avow__context_t *c,
                                                    avow_promise_t *q) {
  avow__enqueue(c, q);
  return q;
}

/* avow_then() needs no stack frame, because it makes only tail calls. */
avow_promise_t *avow_then(avow_promise_t *p, avow_cb on_fulfilled,
                          avow_cb on_rejected, void *data) {
  avow__check_taken(p);
  if (AVOW__UNLIKELY(p == NULL || avow__state(p) == AVOW_REJECTED))
    return then_fully(p, on_fulfilled, on_rejected, data);
  const bool is_pending = avow__is_pending(p);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  avow__check_data(c, data);
  avow_promise_t *q = avow__promise_take(c, AVOW__THEN);
  if (AVOW__UNLIKELY(q == NULL))
    return then_fully(p, on_fulfilled, on_rejected, data);
  react(q, p, on_fulfilled, on_rejected, data);
  if (is_pending)
    avow__list_append(&p->waiters, &q->link);
  else if (AVOW__LIKELY(c->awake))
    avow__enqueue_awake(c, q);
  else
    return enqueue_and_wake(c, q);
  return q;
}

avow_promise_t *avow__then_begin(avow_promise_t *p, avow_cb cb, void *data) {
  avow_promise_t *q = avow_then(p, cb, NULL, data);
  if (q->kind == AVOW__THEN) /* otherwise there was no memory */
    q->flags |= AVOW__THEN_BEGINS;
  return q;
}

avow_promise_t *avow__catch_keeping(avow_promise_t *p, avow_cb cb, void *data) {
  avow_promise_t *q = avow_catch(p, cb, data);
  if (q->kind == AVOW__THEN) /* otherwise there was no memory */
    q->flags |= AVOW__THEN_KEEPS;
  return q;
}

avow_promise_t *avow_catch(avow_promise_t *p, avow_cb on_rejected, void *data) {
  avow__check_taken(p);
  if (p != NULL)
    avow__check_data(avow__context(p), data);
  return avow_then(p, NULL, on_rejected, data);
}

avow_promise_t *avow__react_surely(avow_promise_t *p, avow__kind_t kind,
                                   void *data) {
  avow__check_taken(p);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  void *block = avow__block_surely(c);
  if (block == NULL)
    return NULL;
  avow_promise_t *q = avow__promise_init(c, block, kind);
  q->data = data;
  q->upstream = p;
  return q;
}

/* Settles p with the result of its handler. p was canceled while the handler
   ran, so it does not wait for a promise in that result. */
static void finish_canceled(avow_promise_t *p, avow_value_t result) {
  const avow_value_t reason = avow__cancel_reason_take(p);
  p->flags &= (uint16_t) ~AVOW__CANCELED;
  p->refs++; /* p may follow itself, and settle at once */
  avow__resolve(p, result);
  avow__cancel_for(p, reason);
  avow__unref(p);
}

void avow__finish(avow_promise_t *p, avow_value_t result) {
  p->flags &= (uint16_t) ~(AVOW__ASYNC_CLEANS | AVOW__THEN_KEEPS |
                           AVOW__THEN_BEGINS); /* other kinds use these bits */
  if ((p->flags & AVOW__CANCELED) != 0 && result.tag >= AVOW_PROMISE)
    finish_canceled(p, result);
  else
    avow__resolve(p, result);
}

AVOW__APART void avow__finish_handler(avow_promise_t *p, avow_promise_t *from,
                                      avow_value_t result) {
  result = avow__owned(result, &from->u.value);
  p->upstream = NULL;
  avow__unref(from);
  avow__finish(p, result);
}

static avow_cb pick_handler(const avow__context_t *c, const avow_promise_t *p) {
  if (AVOW__UNLIKELY(c->life >= AVOW__GIVING_UP))
    return NULL;
  if (avow__state(p->upstream) == AVOW_FULFILLED)
    return p->u.then.on_fulfilled;
  return p->u.then.on_rejected;
}

static AVOW__APART void chain_pass_on(avow_promise_t *p) {
  avow__settle(p, avow__take_upstream(p));
  avow__unref(p);
}

static void run_then(avow__context_t *c, avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  const avow_cb cb = pick_handler(c, p);
  if (cb == NULL) {
    chain_pass_on(p);
    return;
  }
  avow__deliver_cancel(p);
  p->kind = AVOW__RUNNING;
  p->u.value = cb(&from->u.value, p->data);
  if (AVOW__UNLIKELY(p->u.value.tag >= AVOW_OBJECT ||
                     (p->flags & (AVOW__CANCELED | AVOW__LOST)) != 0)) {
    avow__deliver_cancel(p); /* also a cancellation while cb ran */
    avow__finish_handler(p, from, p->u.value);
    return;
  }
  p->flags |= AVOW_FULFILLED;
  avow__probe_settled(c, p);
  if (p->waiters != NULL)
    avow__trigger(c, p);
  p->upstream = NULL;
  avow__unref_in_job(c, from);
  avow__unref_in_job(c, p);
}

avow_promise_t *avow__promise_of(avow__context_t *c, avow_value_t result) {
  avow__check_value(&result);
  if (result.tag == AVOW_THENABLE)
    return avow_promise_resolve(c->loop, result);
  avow_promise_t *inner = avow__given(result.u.p, "followed promise");
  avow__check_taken(inner);
  if (avow__same_loop(c, inner))
    return inner;
  avow_unref(inner);
  return avow_promise_reject(c->loop, avow_error(AVOW_EMISUSE));
}

/* The only reaction to p, if that adopts p; NULL if p has any other user. */
static avow_promise_t *only_adopter(const avow_promise_t *p) {
  avow__link_t *first = p->waiters;
  if (p->refs != 2 || first == NULL)
    return NULL;
  assert(first->next == first);
  avow_promise_t *q = (avow_promise_t *) first;
  return q->kind == AVOW__ADOPT ? q : NULL;
}

/* An asynchronous loop that is written by recursion makes promises that adopt
   each other in a row. They become one promise that counts the promises it
   stands for. The order of jobs stays the same, and memory does not grow. */
void avow__follow_run(avow_promise_t *p) {
  avow_promise_t *q = only_adopter(p);
  if (q == NULL) {
    p->kind = AVOW__ADOPT;
    p->u.hops = 0;
    avow__subscribe(p);
    return;
  }
  q->upstream = p->upstream;
  q->u.hops++;
  q->flags |= p->flags & AVOW__LOST;
  avow_value_t reason = avow_none();
  if (AVOW__UNLIKELY((p->flags & AVOW__CANCELED) != 0))
    reason = avow__cancel_reason_take(p);
  avow__pool_free(&avow__context(p)->pool, p);
  avow__subscribe(q);
  avow__value_unref(reason); /* last, because it may call the program */
}

void avow__adopt_run(avow_promise_t *p) {
  if (p->u.hops > 0) {
    p->u.hops--;
    avow__enqueue(avow__context(p), p);
    return;
  }
  avow__settle(p, avow__take_upstream(p));
  avow__unref(p);
}

/* A thenable gets a new deferred, with which it settles p. The earlier
   deferreds of p have no further effect, because one of them has resolved p
   with the thenable. */
void avow__thenable_run(avow_promise_t *p) {
  const avow_value_t thenable = p->u.value;
  avow_promise_t *proxy = avow__promise_alloc(avow__context(p), AVOW__DEFERRED);
  if (proxy == NULL) {
    avow__settle(p, avow_error(UV_ENOMEM));
    avow__unref(p);
    avow__value_unref(thenable); /* last, because it may call the program */
    return;
  }
  p->kind = AVOW__PAIRED;
  p->upstream = proxy;
  proxy->flags |= AVOW__DEFERRED_PROXY;
  proxy->upstream = p;
  avow__detail(proxy)->u.deferred.holders++; /* to reject p if then() returns an
                                                error */
  proxy->deferreds++;
  avow_deferred_t *d = (avow_deferred_t *) proxy;
  const avow__object_t *object = thenable.u.p;
  const avow_value_t thrown = object->klass->then(object->self, d);
  if (avow_is_error(&thrown)) {
    (void) avow_resolve(d, thrown); /* false if then() has settled it */
  } else {
    avow__value_unref(thrown);
    avow_deferred_drop(d);
  }
  avow__value_unref(thenable);
}

AVOW__APART void avow__forget_cancel(avow_promise_t *p) {
  const avow_value_t reason = avow__cancel_reason_take(p);
  p->flags &= (uint16_t) ~AVOW__CANCELED;
  avow__value_unref(reason);
}

AVOW__APART void avow__cancel_waiting(avow_promise_t *q) {
  const avow_value_t reason = avow__cancel_reason_take(q);
  q->flags &= (uint16_t) ~AVOW__CANCELED;
  avow__cancel_for(q, reason);
}

/* Runs the job of p. `left` is the number of jobs that may still run, including
   this one. Returns that number, less the awaits that counted as jobs. */
static inline unsigned run_job(avow__context_t *c, avow_promise_t *p,
                               unsigned left) {
  avow__probe_job(c, p);
  if (AVOW__LIKELY(p->kind == AVOW__THEN))
    run_then(c, p);
#ifndef AVOW_NO_ASYNC
  else if (p->kind == AVOW__ASYNC)
    left = avow__async_run(c, p, left);
#endif
  else
    avow__kinds[p->kind].run(p);
  avow__probe_job_end(c);
  return left;
}

static inline void spend(avow__context_t *c, unsigned before, unsigned left) {
  c->jobs += before - left;
  c->budget.allowance = left;
}

/* Runs jobs until the queue is empty or the allowance is spent. */
static void run_allowance(avow__context_t *c) {
  const unsigned before = c->budget.allowance;
  unsigned left = before;
  for (; !avow__queue_is_empty(&c->queue) && left > 0; left--) {
    avow_promise_t *p = (avow_promise_t *) avow__queue_take_first(&c->queue);
    avow__check_job_data(c, p);
    left = run_job(c, p, left);
  }
  spend(c, before, left);
}

/* Runs jobs like run_allowance(), and times each of them. An async function
   leaves its stack at each await, so that each of its jobs is timed alone. */
static AVOW__APART void run_timed(avow__context_t *c) {
  const unsigned before = c->budget.allowance;
  unsigned left = before;
  avow__slow_t slow;
  avow__slow_open(c, &slow);
  for (; left > 0 && !avow__queue_is_empty(&c->queue); left--) {
    avow_promise_t *p = (avow_promise_t *) avow__queue_take_first(&c->queue);
    avow__check_job_data(c, p);
    avow__slow_begin(&slow, p);
    (void) run_job(c, p, 1); /* 1, because it is one job */
    avow__slow_end(c, &slow);
  }
  spend(c, before, left);
}

void avow__run_jobs(avow__context_t *c) {
#ifndef AVOW_NO_ASYNC
  if (c->fibers.busy != NULL)
    avow__fibers_begin(&c->fibers);
#endif
  const bool timed = c->options.slow_us != UINT_MAX;
  do
    if (AVOW__UNLIKELY(timed))
      run_timed(c);
    else
      run_allowance(c);
  while (!avow__queue_is_empty(&c->queue) && avow__iteration_goes_on(c));
  c->budget.jobs_wait = !avow__queue_is_empty(&c->queue);
}
