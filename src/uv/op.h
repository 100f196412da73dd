/* SPDX-License-Identifier: MIT */
/*
 * Operations: a libuv request with the promise it settles. An operation owns
 * all that libuv may touch and lives until libuv calls back, whatever becomes
 * of the promise.
 */
#ifndef AVOW_OP_H
#define AVOW_OP_H

#include "engine/promise.h"

typedef struct avow__op_s {
  avow__context_t *context;
  avow_deferred_t *deferred;
  uint32_t *in_flight; /* which of the context's counts it is in */
  bool reusable;       /* its block may serve the next */
  bool on_pool;        /* a thread of libuv's is to do it */
} avow__op_t;

/* A zeroed operation of size bytes, which begins with an avow__op_t; its
   promise in *out. NULL without memory, with the rejection in *out. */
void *avow__op_new(uv_loop_t *loop, size_t size, avow_promise_t **out);

/* libuv has the request: on the loop's account, which may be one for its thread
   pool, or on a handle's. */
void avow__op_started(avow__op_t *op);
void avow__op_started_on_pool(avow__op_t *op);
void avow__op_started_on_handle(avow__op_t *op);

/* Ends an operation that libuv has no part in (any more): settles its promise
   with v, unless that was cancelled, and frees the operation. True if it
   settled. To be called between enter and leave, or where it was started. */
bool avow__op_end(avow__op_t *op, avow_value_t v);

/* The same as a callback of libuv, with enter and leave. */
void avow__op_complete(avow__op_t *op, avow_value_t v);

#endif
