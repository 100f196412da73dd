/* SPDX-License-Identifier: MIT */
/*
 * Work for libuv's thread pool: chores, and functions of the program as chores.
 * While a chore runs, its function and its result belong to the pool's thread.
 * It is always ended on the loop's thread, even if it was canceled or never
 * ran.
 */
#include "uv/work.h"

#include <limits.h>

#include "avow/cancel.h"
#include "avow/work.h"
#include "engine/check_stack.h"

/* The chore that this thread runs; NULL on other threads. */
static _Thread_local const avow__chore_t *running;

static void work(uv_work_t *req) {
  avow__chore_t *chore = req->data;
  running = chore;
  chore->result = chore->run(chore);
  running = NULL;
}

bool avow_work_is_wanted(void) {
  return running == NULL || !avow__chore_is_unwanted(running);
}

/* The result of a canceled chore is released. */
static avow_value_t work_outcome(const avow__chore_t *chore) {
  if (!avow__chore_is_unwanted(chore))
    return chore->result;
  avow__value_unref(chore->result);
  return avow_error(UV_ECANCELED);
}

static void after_work(uv_work_t *req, int status) {
  avow__chore_t *chore = req->data;
  avow__context_t *c = chore->op.context;
  if (status < 0) /* it never ran and is rejected already */
    chore->result = avow_error(status);
  avow__enter(c);
  if (chore->end != NULL)
    chore->end(chore);
  (void) avow__op_end(&chore->op, work_outcome(chore)); /* false if canceled */
  avow__leave(c);
}

static void work_cancel(void *data) {
  avow__chore_t *chore = data;
  atomic_store_explicit(&chore->unwanted, true, memory_order_relaxed);
  (void) uv_cancel((uv_req_t *) &chore->req); /* else its result is unused */
}

/* Settles at once only if no thread has started the chore. */
static void cancel_held(void *data) {
  avow__chore_t *chore = data;
  atomic_store_explicit(&chore->unwanted, true, memory_order_relaxed);
  if (uv_cancel((uv_req_t *) &chore->req) < 0)
    return;
  avow_deferred_t *d = avow_deferred_ref(chore->op.deferred);
  (void) avow_resolve(d, avow_error(UV_ECANCELED)); /* it was pending */
}

void *avow__chore_new(uv_loop_t *loop, size_t size, avow_promise_t **out) {
  avow__chore_t *chore = avow__op_new(loop, size, out);
  if (chore != NULL)
    atomic_init(&chore->unwanted, false);
  return chore;
}

void avow__chore_start(avow__chore_t *chore) {
  chore->req.data = chore;
  avow_on_cancel(chore->op.deferred, work_cancel, chore);
  (void) uv_queue_work(chore->op.context->loop, &chore->req, work,
                       after_work); /* fails only without a function */
  avow__op_started_on_pool(&chore->op);
}

typedef struct {
  avow__chore_t chore;
  avow_fn fn;
  void *data;
  void (*free_fn)(void *data);
} call_t;

static avow_value_t run_call(avow__chore_t *chore) {
  const call_t *call = (const call_t *) chore;
  return call->fn(call->data);
}

static void end_call(avow__chore_t *chore) {
  const call_t *call = (const call_t *) chore;
  avow__check_kept_data(chore->op.context, call->data, "work", NULL);
  if (call->free_fn != NULL)
    call->free_fn(call->data);
  if (chore->result.tag != AVOW_PROMISE)
    return;
  avow__misuse(
      "avow_work(): fn returned a promise, which belongs to the loop's thread; "
      "create it in a handler");
  avow__value_unref(chore->result);
  chore->result = avow_error(AVOW_EMISUSE);
}

/* Makes the chore that calls `fn`. Returns NULL, with the rejection in `*out`,
   if it cannot be made. */
static avow__chore_t *work_call(uv_loop_t *loop, avow_fn fn, void *data,
                                void (*free_fn)(void *), avow_promise_t **out) {
  call_t *call = NULL;
  if (fn != NULL)
    call = avow__chore_new(loop, sizeof(*call), out);
  else
    *out = avow__refuse(loop, UV_EINVAL, "work", NULL);
  if (call == NULL) {
    if (free_fn != NULL)
      free_fn(data);
    return NULL;
  }
  call->chore.run = run_call;
  call->chore.end = end_call;
  call->fn = fn;
  call->data = data;
  call->free_fn = free_fn;
  avow__chore_start(&call->chore);
  return &call->chore;
}

avow_promise_t *avow_work(uv_loop_t *loop, avow_fn fn, void *data,
                          void (*free_fn)(void *)) {
  avow__check_ready(loop);
  avow__check_data(avow__context_of(loop), data);
  avow_promise_t *p;
  avow__chore_t *chore = work_call(loop, fn, data, free_fn, &p);
  if (chore != NULL) { /* cancellation waits while it runs */
    avow_on_cancel(chore->op.deferred, cancel_held, chore);
    avow__outlast_cancel(chore->op.deferred);
  }
  return p;
}

avow_promise_t *avow_work_detached(uv_loop_t *loop, avow_fn fn, void *data,
                                   void (*free_fn)(void *)) {
  avow__check_ready(loop);
  avow__check_data(avow__context_of(loop), data);
  avow_promise_t *p;
  (void) work_call(loop, fn, data, free_fn,
                   &p); /* `p` shows whether it was made */
  return p;
}

typedef struct {
  avow__chore_t chore;
  size_t len;
} random_t;

static avow_value_t run_random(avow__chore_t *chore) {
  const size_t len = ((const random_t *) chore)->len;
  char *data = NULL;
  const avow_value_t bytes = avow_bytes_new(len, &data);
  if (data == NULL)
    return bytes;
  const int err = uv_random(NULL, NULL, data, len, 0, NULL);
  if (err == 0)
    return bytes;
  avow__value_unref(bytes);
  return avow__error_of(err, "random", NULL);
}

avow_promise_t *avow_random(uv_loop_t *loop, size_t len) {
  avow__check_ready(loop);
  if (len > INT_MAX) /* checked before allocating */
    return avow__refuse(loop, UV_E2BIG, "random", NULL);
  avow_promise_t *p;
  random_t *random = avow__chore_new(loop, sizeof(*random), &p);
  if (random == NULL)
    return p;
  random->chore.run = run_random;
  random->len = len;
  avow__chore_start(&random->chore);
  return p;
}
