/* SPDX-License-Identifier: MIT */
/* Lists of promises that wait for the same event. */
#ifndef AVOW_WAITERS_H
#define AVOW_WAITERS_H

#include "base/list.h"
#include "engine/promise.h"

typedef struct avow__callers_s avow__callers_t;

typedef struct avow__caller_s {
  avow__link_t link;
  avow__callers_t *callers;
  avow_deferred_t *deferred;
  uint64_t wants; /* number of tokens, where callers differ */
} avow__caller_t;

struct avow__callers_s {
  avow__link_t *first; /* in the order of arrival */
  /* Called after a canceled caller was removed; or NULL. */
  void (*left)(avow__callers_t *callers);
};

/* Adds a caller to the list and returns its promise. `*out` is the caller, or
   NULL if out of memory. */
avow_promise_t *avow__callers_add(avow__callers_t *callers, uv_loop_t *loop,
                                  avow__caller_t **out);

/* Settles the promise of the first caller and removes it; the list must not be
   empty. */
void avow__callers_answer_first(avow__callers_t *callers, avow_value_t outcome);

/* Settles the promises of all callers with the same outcome. */
void avow__callers_answer(avow__callers_t *callers,
                          const avow_value_t *outcome);

#endif
