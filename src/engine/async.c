/* SPDX-License-Identifier: MIT */
/*
 * An async function is a promise and the fiber that settles it. While the
 * function runs, its promise is RUNNING, like the promise of a running handler.
 * While the function awaits, its promise is an ASYNC, which is a reaction to
 * the awaited promise. So a cancellation climbs through it, and the job that
 * resumes the function is queued like the job of any other reaction. Every
 * await goes through the queue, so functions do not nest, however many there
 * are. A function that would be the next job continues without leaving its
 * stack.
 */
#include "avow/async.h"

#include "base/options_check.h"
#include "engine/async.h"
#include "engine/await.h"
#include "engine/chain.h"
#include "engine/local.h"
#include "engine/name.h"
#include "engine/origin.h"
#include "engine/promise.h"

static inline void async_end(avow__context_t *c, avow__fiber_t *f,
                             avow_value_t result) {
  avow_promise_t *p = f->promise;
  if (AVOW__UNLIKELY(f->name != NULL) && result.tag < AVOW_PROMISE)
    avow__name_put(p, f->name);
  avow__fiber_give(&c->fibers, f);
  p->data = NULL;
  avow__finish(p, result);
}

static avow__locals_t *async_take_locals(avow__fiber_t *f) {
  avow__locals_t *locals = f->locals;
  f->locals = NULL;
  return locals;
}

static AVOW__APART void inherit_locals(avow__fiber_t *f,
                                       const avow__fiber_t *by) {
  if (avow__context(f->promise) != avow__context(by->promise))
    return;
  f->locals = by->locals;
  f->locals->refs++;
}

static AVOW__APART void async_finish_with(avow__context_t *c, avow__fiber_t *f,
                                          avow_value_t result) {
  avow__locals_t *locals = async_take_locals(f);
  async_end(c, f, result);
  avow__locals_unref(locals); /* last, because it may call the program */
}

void avow__async_finish(avow__context_t *c, avow__fiber_t *f,
                        avow_value_t result) {
  if (AVOW__UNLIKELY(f->locals != NULL))
    async_finish_with(c, f, result);
  else
    async_end(c, f, result);
}

avow_promise_t *avow_async(uv_loop_t *loop, avow_fn fn, void *data) {
  avow__check_ready(loop);
  return avow_async_throwing(loop, fn, data, NULL);
}

static void async_prepare(avow__fiber_t *f, avow_fn fn, void *data,
                          const avow_exceptions_t *with) {
  f->fn = fn;
  f->data = data;
  if (with == NULL)
    return;
  f->call = with->call;
  avow__exceptions_begin(&f->exceptions, with->globals());
}

avow_promise_t *avow_async_throwing(uv_loop_t *loop, avow_fn fn, void *data,
                                    const avow_exceptions_t *with) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  const int bad = fn == NULL ? UV_EINVAL : AVOW__RESERVED(with);
  if (bad != 0)
    return avow__refuse(loop, bad, "async", NULL);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__RUNNING);
  if (p == NULL)
    return avow__no_promise(c);
  avow__fiber_t *f;
  const int err = avow__fiber_take(&c->fibers, &f);
  if (AVOW__UNLIKELY(err != 0)) {
    avow__resolve(p, avow_error(err));
    return p;
  }
  f->promise = p;
  async_prepare(f, fn, data, with);
  p->data = f;
  avow__probe_named(c, p, "async");
  c->time_is_old |= c->depth == 0; /* the time may be old outside callbacks */
  avow__probe_task(c);
  avow__enter_call(c);
  avow__fibers_begin(&c->fibers);
  const avow__fiber_t *by = *c->fibers.now;
  if (AVOW__UNLIKELY(by != NULL && by->locals != NULL))
    inherit_locals(f, by);
  (void) avow__async_go_on(c, f, avow_none(), 0); /* this is no job */
  avow__leave_queue(c); /* no callback runs inside this call */
  return p;
}

static avow_value_t async_refuse(avow_promise_t *p, int code) {
  avow_unref(p);
  return avow_error(code);
}

static AVOW__APART avow_value_t await_in_vain(avow_promise_t *p) {
  const avow__fiber_t *f = avow__fiber_now;
  p = avow__given(p, "promise");
  if (f == NULL) {
    avow__misuse(
        "avow_await(): called outside an async function; start one with "
        "avow_async(), or call avow_then()");
    return async_refuse(p, AVOW_ENOTASYNC);
  }
  avow__check_thread_in(avow__context(f->promise), "avow_await");
  avow__misuse_of_loops("avow_await");
  return async_refuse(p, AVOW_EMISUSE);
}

/* Whether the job that resumes f would run next if f waited for p, with no
   other code in between. */
static inline bool is_next(const avow__context_t *c, const avow_promise_t *p,
                           const avow__fiber_t *f) {
  return avow__state(p) == AVOW_FULFILLED && f->jobs > 1 &&
         avow__queue_is_empty(&c->queue) && c->life < AVOW__GIVING_UP;
}

/* Continues f at once. This counts as the job that would have resumed f. */
static AVOW__APART avow_value_t go_on(avow_promise_t *p, avow__fiber_t *f) {
  f->jobs--;
  return avow__take_outcome(p);
}

static AVOW__APART avow_value_t wait_for(avow_promise_t *p, avow__fiber_t *f) {
  avow_promise_t *q = f->promise;
#ifdef AVOW_TRACE
  f->awaits = avow__program_caller();
#endif
  avow__wait_for(avow__context(p), q, AVOW__ASYNC, p);
  return avow__fiber_park(f, avow_none());
}

/* The async function of p's loop that runs on this thread; NULL if there is
   none. */
static inline avow__fiber_t *fiber_for(const avow_promise_t *p) {
  if (AVOW__UNLIKELY(p == NULL))
    return NULL;
  const avow__context_t *c = avow__context(p);
  avow__fiber_t *f = c->fibers.now != NULL ? *c->fibers.now : NULL;
  return f != NULL && avow__context(f->promise) == c ? f : NULL;
}

/* Each function that avow_await() ends with has p as its first parameter, too.
   So no register is moved for these calls. */
avow_value_t avow_await(avow_promise_t *p) {
  avow__check_taken(p);
  avow__fiber_t *f = fiber_for(p);
  if (AVOW__UNLIKELY(f == NULL))
    return await_in_vain(p);
  avow__check_thread(avow__context(p));
  return is_next(avow__context(p), p, f) ? go_on(p, f) : wait_for(p, f);
}

/* A function that C started may call C++ code that awaits. The exceptions of
   that code are kept from the first such await on. */
avow_value_t avow_await_throwing(avow_promise_t *p, void *globals) {
  avow__check_taken(p);
  avow__fiber_t *f = fiber_for(p);
  if (f != NULL && f->exceptions.globals != globals)
    avow__exceptions_begin(&f->exceptions, globals);
  return avow_await(p);
}

void avow__async_abandon(avow__context_t *c, avow__fiber_t *f) {
  avow_promise_t *p = f->promise;
  const avow_value_t dropped = avow__take_upstream(p);
  p->kind = AVOW__RUNNING; /* until p settles */
  avow__probe_resumed(c, p);
  avow__locals_t *locals = async_take_locals(f);
  avow__fiber_discard(&c->fibers, f);
  p->data = NULL;
  avow__settle(p, avow_error(UV_ECANCELED));
  avow__unref(p);
  avow__value_unref(dropped); /* last, because both may call the program */
  if (locals != NULL)
    avow__locals_unref(locals);
}
