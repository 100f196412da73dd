/* SPDX-License-Identifier: MIT */
/* The data that trace builds record when a promise is made, and the call of
   their hook. */
#include "engine/probes.h"

#ifdef AVOW_TRACE

#  include "engine/loop_time.h"
#  include "engine/origin.h"
#  include "engine/unhandled.h"

void avow__note_making(avow__context_t *c, avow_promise_t *p) {
  p->caller = avow__program_caller();
  p->settled_by = NULL;
  p->name = avow__kinds[p->kind].name;
  p->since = avow__time(c);
  p->serial = ++c->serial;
}

void avow__tell_event(avow__context_t *c, avow_event_t event,
                      const avow_promise_t *p) {
  avow__fiber_t *fiber = avow__hook_enter(c);
  c->on_event(event, p, c->event_data);
  avow__hook_leave(c, fiber);
}

#endif
