/* SPDX-License-Identifier: MIT */
/* Names of promises: setting and reading them. */
#include "engine/name.h"

#include "engine/promise.h"
#include "engine/settle.h"

void avow_promise_set_name(const avow_promise_t *borrowed, const char *name) {
  avow_promise_t *p = avow__given(borrowed, "promise");
  avow__check_borrowed(p);
  avow__check_thread(avow__context(p));
  if (name != NULL)
    avow__probe_named(avow__context(p), p, name);
#ifndef AVOW_NO_ASYNC
  if (p->kind == AVOW__ASYNC)
    ((avow__fiber_t *) p->data)->name = name;
#endif
  if (p->kind == AVOW__DEFERRED)
    avow__name_put(p, name);
}

const char *avow__kind_name(const avow_promise_t *p) {
  return avow__is_gather(p) ? avow__gather_name(p->u.gather.kind)
                            : avow__kinds[p->kind].name;
}
