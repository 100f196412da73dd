/* SPDX-License-Identifier: MIT */
/*
 * The common beginning and end of all operations on libuv requests.
 */
#include "uv/op.h"

#include <string.h>

#include "base/alloc.h"
#include "engine/extension.h"

typedef struct spare_s spare_t;

struct spare_s {
  spare_t *next;
};

/* Spare blocks for the next operations of a loop. */
typedef struct {
  avow__extension_t extension;
  spare_t *first;
  uint32_t count;
} spares_t;

enum { IO_EXTENSION = 2 };

/* Operations are frequent, and most are about as large as a uv_fs_t. So a loop
   keeps some of their blocks. */
enum { OP_ROOM = 768, SPARE_OPS = 64 };

static bool is_reusable(size_t size) {
#ifdef AVOW_NO_POOL
  return (void) size, false; /* sanitizers check each block */
#else
  return size <= OP_ROOM;
#endif
}

static void *take_spare(spares_t *spares) {
  spare_t *spare = spares->first;
  spares->first = spare->next;
  spares->count--;
  return spare;
}

static void spares_free(avow__context_t *c) {
  spares_t *spares = (spares_t *) c->extensions[IO_EXTENSION];
  while (spares->first != NULL)
    avow_free(take_spare(spares));
}

static spares_t *spares_open(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .free = spares_free };
  return avow__extension_open(c, IO_EXTENSION, &subsystem, sizeof(spares_t));
}

static avow__op_t *op_alloc(avow__context_t *c, size_t size) {
  const bool reusable = is_reusable(size);
  spares_t *spares = reusable ? spares_open(c) : NULL;
  avow__op_t *op = NULL;
  if (spares != NULL && spares->first != NULL)
    op = take_spare(spares);
  else if (spares != NULL || !reusable)
    op = avow_malloc(reusable ? OP_ROOM : size);
  if (op == NULL)
    return NULL;
  memset(op, 0, size);
  op->reusable = reusable;
  return op;
}

static void op_free(avow__op_t *op) {
  avow__context_t *c = op->context;
  spares_t *spares = (spares_t *) c->extensions[IO_EXTENSION];
  if (!op->reusable || c->life == AVOW__CLOSED || spares == NULL ||
      spares->count == SPARE_OPS) {
    avow_free(op);
    return;
  }
  spare_t *spare = (spare_t *) (void *) op;
  spare->next = spares->first;
  spares->first = spare;
  spares->count++;
}

void *avow__op_new(uv_loop_t *loop, size_t size, avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  avow__op_t *op = avow__has_settled(p) ? NULL : op_alloc(c, size);
  *out = p;
  if (op == NULL) {
    (void) avow_reject(d,
                       avow_error(UV_ENOMEM)); /* false if already rejected */
    return NULL;
  }
  op->context = c;
  op->deferred = d;
  return op;
}

void avow__op_started(avow__op_t *op) {
  op->in_flight = &op->context->requests;
  ++*op->in_flight;
}

void avow__op_started_on_pool(avow__op_t *op) {
  avow__op_started(op);
  op->on_pool = true;
  op->context->pool_requests++;
}

void avow__op_started_on_handle(avow__op_t *op) {
  op->in_flight = &op->context->handle_requests;
  ++*op->in_flight;
}

bool avow__op_end(avow__op_t *op, avow_value_t v) {
  if (op->in_flight != NULL)
    --*op->in_flight;
  if (op->on_pool)
    op->context->pool_requests--;
  avow_deferred_t *d = op->deferred;
  op_free(op);
  return avow_resolve(d, v);
}

void avow__op_complete(avow__op_t *op, avow_value_t v) {
  avow__context_t *c = op->context;
  const bool closed =
      c->life == AVOW__CLOSED; /* then avow__op_end() may free c */
  if (!closed)
    avow__enter(c);
  (void) avow__op_end(op, v); /* if canceled before, v is released */
  if (!closed)
    avow__leave(c);
}
