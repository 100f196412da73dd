/* SPDX-License-Identifier: MIT */
/* Operations that wait for an answer, by the ids in the answers. */
#ifndef AVOW_NATS_REPLY_WAITERS_H
#define AVOW_NATS_REPLY_WAITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct op_s op_t;

/* A table with at least as many lists as operations. */
typedef struct {
  op_t **lists;
  size_t size, count; /* `size` is a power of two, or 0 */
} reply_waiters_t;

/* Returns false if out of memory. */
bool avow__nats_reply_waiters_add(reply_waiters_t *w, op_t *op);

/* Removes and returns the operation with this id, or any operation. Returns
   NULL if there is none. */
op_t *avow__nats_reply_waiters_take(reply_waiters_t *w, uint64_t id);
op_t *avow__nats_reply_waiters_take_any(reply_waiters_t *w);

void avow__nats_reply_waiters_free(reply_waiters_t *w);

#endif
