/* SPDX-License-Identifier: MIT */
/* Jobs whose outcomes are awaited, by the tokens of their ids. Several jobs may
   have one token. */
#ifndef AVOW_NATS_OUTCOME_WAITERS_H
#define AVOW_NATS_OUTCOME_WAITERS_H

#include "avow/promise.h"

/* Part of an awaited job. */
typedef struct entry_s entry_t;
struct entry_s {
  entry_t *next;
  const char *token;
  avow_deferred_t *wake; /* NULL: not waiting */
  bool noted;            /* since its creation or the last look */
};

typedef struct {
  entry_t **lists;
  size_t size, count; /* `size` is a power of two, or 0 */
} outcome_waiters_t;

/* Returns false if out of memory. */
bool avow__nats_outcome_waiters_add(outcome_waiters_t *p, entry_t *entry);

void avow__nats_outcome_waiters_remove(outcome_waiters_t *p, entry_t *entry);

/* Wakes the entries of the token; NULL: all entries. */
void avow__nats_outcome_waiters_wake(outcome_waiters_t *p, const char *token);

void avow__nats_outcome_waiters_free(outcome_waiters_t *p);

#endif
