/* SPDX-License-Identifier: MIT */
/*
 * What all wrappers of libuv requests share: their beginning and their end.
 */
#include "io/op.h"

#include <string.h>

#include "base/alloc.h"
#include "engine/parts.h"

struct avow__spare_s {
  avow__spare_t *next;
};

/* Operations come and go by the thousand, and most are about as large as a
   uv_fs_t: a loop keeps the blocks of some for the next. */
enum { ROOM = 768, SPARES_MAX = 64 };

static bool is_reusable(size_t size) {
#ifdef AVOW_NO_POOL
  return (void) size, false; /* tools watch each block */
#else
  return size <= ROOM;
#endif
}

static void *take_spare(avow__context_t *c) {
  avow__spare_t *spare = c->spares;
  c->spares = spare->next;
  c->spare_count--;
  return spare;
}

static avow__op_t *op_alloc(avow__context_t *c, size_t size) {
  const bool reusable = is_reusable(size);
  avow__op_t *op;
  if (reusable && c->spares != NULL)
    op = take_spare(c);
  else
    op = avow__malloc(reusable ? ROOM : size);
  if (op == NULL)
    return NULL;
  memset(op, 0, size);
  op->reusable = reusable;
  return op;
}

static void spares_free(avow__context_t *c) {
  while (c->spares != NULL)
    avow__free(take_spare(c));
}

static void op_free(avow__op_t *op) {
  static const avow__part_t spares = { NULL, spares_free, NULL };
  avow__context_t *c = op->context;
  if (!op->reusable || c->life == AVOW__CLOSED ||
      c->spare_count == SPARES_MAX) {
    avow__free(op);
    return;
  }
  avow__spare_t *spare = (avow__spare_t *) (void *) op;
  spare->next = c->spares;
  c->spares = spare;
  c->spare_count++;
  c->parts[AVOW__PART_SPARES] = &spares;
}

void *avow__op_new(uv_loop_t *loop, size_t size, avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  avow__op_t *op = avow__has_settled(p) ? NULL : op_alloc(c, size);
  *out = p;
  if (op == NULL) {
    (void) avow_reject(d,
                       avow_error(UV_ENOMEM)); /* false: it is that already */
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
  op->context->on_pool++;
}

void avow__op_started_on_handle(avow__op_t *op) {
  op->in_flight = &op->context->on_handles;
  ++*op->in_flight;
}

bool avow__op_end(avow__op_t *op, avow_value_t v) {
  if (op->in_flight != NULL)
    --*op->in_flight;
  if (op->on_pool)
    op->context->on_pool--;
  avow_deferred_t *d = op->deferred;
  op_free(op);
  return avow_resolve(d, v);
}

void avow__op_complete(avow__op_t *op, avow_value_t v) {
  avow__context_t *c = op->context;
  const bool closed =
      c->life == AVOW__CLOSED; /* then the context may go with the op */
  if (!closed)
    avow__enter(c);
  (void) avow__op_end(op, v); /* cancelled before: v is released */
  if (!closed)
    avow__leave(c);
}
