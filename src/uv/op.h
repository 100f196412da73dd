/* SPDX-License-Identifier: MIT */
/*
 * Operations: a libuv request and the promise it settles. An operation owns all
 * memory that libuv may use. It lives until libuv calls back, even if its
 * promise is canceled.
 */
#ifndef AVOW_OP_H
#define AVOW_OP_H

#include "engine/promise.h"

typedef struct avow__op_s {
  avow__context_t *context;
  avow_deferred_t *deferred;
  uint32_t *in_flight; /* the counter of the context that counts it */
  bool reusable;       /* its block may be reused */
  bool on_pool;        /* a thread of the pool does it */
} avow__op_t;

/* Makes a zeroed operation of `size` bytes, which begins with an avow__op_t;
   `*out` is its promise. NULL if out of memory, with the rejection in `*out`.
 */
void *avow__op_new(uv_loop_t *loop, size_t size, avow_promise_t **out);

/* Record that libuv has the request, in the counters of the context:
   `requests`, also `pool_requests`, or only `handle_requests`. */
void avow__op_started(avow__op_t *op);
void avow__op_started_on_pool(avow__op_t *op);
void avow__op_started_on_handle(avow__op_t *op);

/* Ends an operation that libuv does not use, or no longer uses. Settles its
   promise with `v`, unless it was canceled, and frees the operation. Returns
   true if it settled the promise. Must be called between avow__enter() and
   avow__leave(), or in the function that started the operation. */
bool avow__op_end(avow__op_t *op, avow_value_t v);

/* Ends an operation in a callback of libuv: avow__op_end() between
   avow__enter() and avow__leave(). */
void avow__op_complete(avow__op_t *op, avow_value_t v);

#endif
