/* SPDX-License-Identifier: MIT */
/* Those who wait for the same, each by a promise of his own. */
#ifndef AVOW_WAITERS_H
#define AVOW_WAITERS_H

#include "base/list.h"
#include "engine/promise.h"

typedef struct avow__callers_s avow__callers_t;

typedef struct avow__caller_s {
  avow__link_t link;
  avow__callers_t *callers;
  avow_deferred_t *deferred;
  uint64_t wants; /* what he waits for, where that differs */
} avow__caller_t;

struct avow__callers_s {
  avow__link_t *first; /* in the order of their coming */
  /* Called when somebody was cancelled, and has left; or NULL. */
  void (*left)(avow__callers_t *callers);
};

/* The promise of one more, who is *out; that is NULL without memory. */
avow_promise_t *avow__callers_add(avow__callers_t *callers, uv_loop_t *loop,
                                  avow__caller_t **out);

/* Settles the promise of the first of some, who is gone then. */
void avow__callers_answer_first(avow__callers_t *callers, avow_value_t outcome);

/* All of them, with the same. */
void avow__callers_answer(avow__callers_t *callers,
                          const avow_value_t *outcome);

#endif
