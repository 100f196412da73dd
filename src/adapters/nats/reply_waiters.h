/* SPDX-License-Identifier: MIT */
/* Operations that wait for an answer, by the ids that answers come with. */
#ifndef AVOW_NATS_REPLY_WAITERS_H
#define AVOW_NATS_REPLY_WAITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct op_s op_t;

/* A table of lists, as many as there are operations, or more. */
typedef struct {
  op_t **lists;
  size_t size, count; /* a power of two, or 0 */
} reply_waiters_t;

/* False: there is no memory. */
bool avow__nats_reply_waiters_add(reply_waiters_t *w, op_t *op);

/* Takes out the one with that id, or any; NULL if there is none. */
op_t *avow__nats_reply_waiters_take(reply_waiters_t *w, uint64_t id);
op_t *avow__nats_reply_waiters_take_any(reply_waiters_t *w);

void avow__nats_reply_waiters_free(reply_waiters_t *w);

#endif
