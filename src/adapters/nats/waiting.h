/* SPDX-License-Identifier: MIT */
/* Operations that wait for an answer, by the ids that answers come with. */
#ifndef AVOW_NATS_WAITING_H
#define AVOW_NATS_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct op_s op_t;

/* A table of lists, as many as there are operations, or more. */
typedef struct {
  op_t **lists;
  size_t size, count; /* a power of two, or 0 */
} waiting_t;

/* False: there is no memory. */
bool avow__nats_waiting_add(waiting_t *w, op_t *op);

/* Takes out the one with that id, or any; NULL if there is none. */
op_t *avow__nats_waiting_take(waiting_t *w, uint64_t id);
op_t *avow__nats_waiting_take_any(waiting_t *w);

void avow__nats_waiting_free(waiting_t *w);

#endif
