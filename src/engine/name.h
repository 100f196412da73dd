/* SPDX-License-Identifier: MIT */
/*
 * Names of promises: those of their kinds, and those that the program gave.
 * Only the blocks of some kinds have space for a given name. The promise of a
 * deferred is in no list while it has that kind, so its link is free. An async
 * function keeps a name in memory of its own. When the function has ended with
 * a plain value, its promise is in no list, either.
 */
#ifndef AVOW_NAME_H
#define AVOW_NAME_H

#include "engine/block.h"

#ifndef AVOW_NO_ASYNC
#  include "fiber/fiber.h"
#endif

/* The name of p for its kind. */
const char *avow__kind_name(const avow_promise_t *p);

/* Gives p, which is in no list, a name. */
static inline void avow__name_put(avow_promise_t *p, const char *name) {
  p->given_name = name;
  p->flags |= AVOW__NAMED;
}

/* The name that p has; NULL if it has none. */
static inline const char *avow__name_of(const avow_promise_t *p) {
  const bool has_run = p->kind == AVOW__RUNNING && !avow__is_pending(p);
#ifndef AVOW_NO_ASYNC
  if (p->kind == AVOW__ASYNC)
    return ((const avow__fiber_t *) p->data)->name;
#endif
  if ((p->flags & AVOW__NAMED) == 0 || (p->kind != AVOW__DEFERRED && !has_run))
    return NULL;
  return p->given_name;
}

#endif
