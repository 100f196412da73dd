/* SPDX-License-Identifier: MIT */
/* Jobs whose outcomes are waited for, by the tokens of their ids, of which
   several may be the same. */
#ifndef AVOW_NATS_PENDING_H
#define AVOW_NATS_PENDING_H

#include "avow/promise.h"

/* Part of what waits. */
typedef struct entry_s entry_t;
struct entry_s {
  entry_t *next;
  const char *token;
  avow_deferred_t *wake; /* NULL: it is not waiting */
  bool noted;            /* since it was made, or last asked */
};

typedef struct {
  entry_t **lists;
  size_t size, count; /* a power of two, or 0 */
} pending_t;

/* False: there is no memory. */
bool avow__nats_pending_add(pending_t *p, entry_t *entry);

void avow__nats_pending_remove(pending_t *p, entry_t *entry);

/* Wakes those of that token; NULL: all. */
void avow__nats_pending_wake(pending_t *p, const char *token);

void avow__nats_pending_free(pending_t *p);

#endif
