/* SPDX-License-Identifier: MIT */
/* Checking a whole loop. */
#ifndef AVOW_INVARIANTS_H
#define AVOW_INVARIANTS_H

#include "base/check.h"
#include "engine/context.h"
#include "engine/kind.h"

#ifdef AVOW_CHECK
/* Checks all invariants of a loop, while no function of avow is on the stack.
   The time is in proportion to the number of promises, so a build option
   enables it. */
void avow__check_loop(avow__context_t *c);

/* Follows the list all the way round, and returns its length. */
size_t avow__check_list(const avow__link_t *list);
size_t avow__check_queue(const avow__queue_t *queue);

/* The number of pending promises of this kind. */
size_t avow__check_count(avow__context_t *c, avow__kind_t kind);
#else
static inline void avow__check_loop(const avow__context_t *c) {
  (void) c;
}
#endif

#endif
