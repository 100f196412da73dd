/* SPDX-License-Identifier: MIT */
/* Why something is cancelled: for those who reject it, now or later. */
#ifndef AVOW_CANCEL_REASON_H
#define AVOW_CANCEL_REASON_H

#include "engine/context.h"
#include "value/value.h"

/* What the program gave as a reason, which is taken, as an error that says
   UV_ECANCELED; none where that has no more to say. */
avow_value_t avow__cancel_reason(avow_value_t given);

/* What that is rejected with which is being cancelled. */
static inline avow_value_t avow__canceled(const avow__context_t *c) {
  return c->cancel.reason.tag == AVOW_NONE ? avow_error(UV_ECANCELED)
                                           : avow_value_ref(&c->cancel.reason);
}

/* The same as a promise. */
avow_promise_t *avow__canceled_promise(avow__context_t *c);

/* p is being cancelled, and stays pending: what it says UV_ECANCELED of later
   on has the same reason. The first stays. */
void avow__cancel_reason_note(avow_promise_t *p);

/* What was noted, borrowed; none if nothing was. */
avow_value_t avow__cancel_reason_noted(const avow_promise_t *p);

/* Takes back what was noted; none if nothing was. To let go of it may call the
   program. */
avow_value_t avow__cancel_reason_take(const avow_promise_t *p);

#endif
