/* SPDX-License-Identifier: MIT */
/* Ids are consecutive, so their last bits choose a list. */
#include "reply_waiters.h"

#include "avow/loop.h"
#include "connection_thread.h"

static void waiting_link(reply_waiters_t *w, op_t *op) {
  op_t **list = &w->lists[op->id & (w->size - 1)];
  op->chain = *list;
  *list = op;
}

static bool waiting_grow(reply_waiters_t *w) {
  const reply_waiters_t old = *w;
  const size_t size = old.size > 0 ? old.size * 2 : 64;
  op_t **lists = avow_calloc(size, sizeof(op_t *));
  if (lists == NULL)
    return false;
  w->lists = lists;
  w->size = size;
  for (size_t i = 0; i < old.size; i++)
    for (op_t *next, *op = old.lists[i]; op != NULL; op = next) {
      next = op->chain;
      waiting_link(w, op);
    }
  avow_free(old.lists);
  return true;
}

bool avow__nats_reply_waiters_add(reply_waiters_t *w, op_t *op) {
  if (w->count == w->size && !waiting_grow(w))
    return false;
  waiting_link(w, op);
  w->count++;
  return true;
}

static op_t *list_take(reply_waiters_t *w, op_t **at) {
  op_t *op = *at;
  *at = op->chain;
  w->count--;
  return op;
}

op_t *avow__nats_reply_waiters_take(reply_waiters_t *w, uint64_t id) {
  if (w->count == 0)
    return NULL;
  for (op_t **at = &w->lists[id & (w->size - 1)]; *at != NULL;
       at = &(*at)->chain)
    if ((*at)->id == id)
      return list_take(w, at);
  return NULL;
}

op_t *avow__nats_reply_waiters_take_any(reply_waiters_t *w) {
  for (size_t i = 0; w->count > 0; i++)
    if (w->lists[i] != NULL)
      return list_take(w, &w->lists[i]);
  return NULL;
}

void avow__nats_reply_waiters_free(reply_waiters_t *w) {
  avow_free(w->lists);
}
