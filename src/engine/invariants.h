/* SPDX-License-Identifier: MIT */
/* Looking whether a whole loop is as it should be. */
#ifndef AVOW_INVARIANTS_H
#define AVOW_INVARIANTS_H

#include "base/check.h"
#include "engine/context.h"
#include "engine/kind.h"

#ifdef AVOW_CHECK
/* Walks all of a loop: nothing of ours is on the stack. It takes time in
   proportion to what is there, so a build option asks for it. */
void avow__check_loop(avow__context_t *c);

/* Follows a list all the way round; how many are in it. */
size_t avow__check_list(const avow__link_t *list);
size_t avow__check_queue(const avow__queue_t *queue);

/* How many promises of that kind wait. */
size_t avow__check_count(avow__context_t *c, avow__kind_t kind);
#else
static inline void avow__check_loop(const avow__context_t *c) {
  (void) c;
}
#endif

#endif
