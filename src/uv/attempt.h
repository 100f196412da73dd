/* SPDX-License-Identifier: MIT */
/*
 * Attempts: operations that the loop's thread tries before the thread pool.
 * Each is a task. They take at most a part of the time of an iteration, and the
 * others wait for the next one.
 */
#ifndef AVOW_ATTEMPT_H
#define AVOW_ATTEMPT_H

#include "engine/promise.h"

typedef struct avow__attempt_s avow__attempt_t;

struct avow__attempt_s {
  avow__link_t link;
  avow__context_t *context; /* NULL: it does not wait in the queue */
  /* Ends the operation, or returns false if the pool must do it. */
  bool (*at_once)(avow__attempt_t *self);
  /* Starts the operation on the pool. */
  void (*on_pool)(avow__attempt_t *self);
};

/* Starts an operation whose functions are set: with an attempt, or on the pool
   if attempts are not allowed, or if the last ones were in vain. */
void avow__attempt_start(avow__context_t *c, avow__attempt_t *attempt);

/* Removes an attempt from the queue. Returns false if it is not there. */
bool avow__attempt_withdraw(avow__attempt_t *attempt);

#endif
