/* SPDX-License-Identifier: MIT */
/* Naming promises, where there is room: name.h. */
#include "engine/name.h"

#include "engine/engine.h"

void avow_promise_set_name(const avow_promise_t *borrowed, const char *name) {
  avow_promise_t *p = avow__given(borrowed, "a promise");
  avow__check_borrowed(p);
  avow__check_thread(avow__context(p));
  if (name != NULL)
    avow__seen_as(avow__context(p), p, name);
#ifndef AVOW_NO_ASYNC
  if (p->kind == AVOW__ASYNC)
    ((avow__fiber_t *) p->data)->name = name;
#endif
  if (p->kind == AVOW__DEFERRED)
    avow__name_put(p, name);
}
