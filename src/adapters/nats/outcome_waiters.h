/* SPDX-License-Identifier: MIT */
/* Jobs whose outcomes are waited for, by the tokens of their ids, of which
   several may be the same. */
#ifndef AVOW_NATS_OUTCOME_WAITERS_H
#define AVOW_NATS_OUTCOME_WAITERS_H

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
} outcome_waiters_t;

/* False: there is no memory. */
bool avow__nats_outcome_waiters_add(outcome_waiters_t *p, entry_t *entry);

void avow__nats_outcome_waiters_remove(outcome_waiters_t *p, entry_t *entry);

/* Wakes those of that token; NULL: all. */
void avow__nats_outcome_waiters_wake(outcome_waiters_t *p, const char *token);

void avow__nats_outcome_waiters_free(outcome_waiters_t *p);

#endif
