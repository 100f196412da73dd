/* SPDX-License-Identifier: MIT */
/* What trace builds note of each promise when it is made. */
#include "engine/probes.h"

#ifdef AVOW_TRACE

#  include "engine/backtrace.h"
#  include "engine/present.h"

void avow__note_making(avow__context_t *c, avow_promise_t *p) {
  p->caller = avow__backtrace();
  p->settled = NULL;
  p->name = avow__kinds[p->kind].name;
  p->open = false;
  p->arrow = p->event = 0;
  p->since = avow__time(c);
  p->serial = ++c->serial;
}

#endif
