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
   uv_fs_t, or have no request of libuv's: a loop keeps the blocks of some for
   the next. */
static const struct {
  size_t room;
  uint32_t most;
} sizes[AVOW__SIZES] = { { 128, 1024 }, { 768, 64 } };

/* Which of the sizes has room for it; AVOW__SIZES: none. */
static int size_for(size_t size) {
#ifdef AVOW_NO_POOL
  return (void) sizes, (void) size, AVOW__SIZES; /* tools watch each block */
#else
  int i = 0;
  while (i < AVOW__SIZES && size > sizes[i].room)
    i++;
  return i;
#endif
}

static void *take_spare(avow__spares_t *spares) {
  avow__spare_t *spare = spares->first;
  spares->first = spare->next;
  spares->count--;
  return spare;
}

static avow__op_t *op_alloc(avow__context_t *c, size_t size) {
  const int i = size_for(size);
  avow__op_t *op;
  if (i < AVOW__SIZES && c->spares[i].first != NULL)
    op = take_spare(&c->spares[i]);
  else
    op = avow__malloc(i < AVOW__SIZES ? sizes[i].room : size);
  if (op == NULL)
    return NULL;
  memset(op, 0, size);
  op->size = i;
  return op;
}

static void op_free(avow__op_t *op) {
  const int i = op->size;
  avow__spares_t *spares = &op->context->spares[i];
  if (i == AVOW__SIZES || op->context->life == AVOW__CLOSED ||
      spares->count == sizes[i].most) {
    avow__free(op);
    return;
  }
  avow__spare_t *spare = (avow__spare_t *) (void *) op;
  spare->next = spares->first;
  spares->first = spare;
  spares->count++;
}

void avow__spares_free(avow__context_t *c) {
  for (int i = 0; i < AVOW__SIZES; i++)
    while (c->spares[i].first != NULL)
      avow__free(take_spare(&c->spares[i]));
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

void avow__op_started_on_handle(avow__op_t *op) {
  op->in_flight = &op->context->on_handles;
  ++*op->in_flight;
}

bool avow__op_end(avow__op_t *op, avow_value_t v) {
  if (op->in_flight != NULL)
    --*op->in_flight;
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
