/* SPDX-License-Identifier: MIT */
/* The reason of a cancellation. Promises that are rejected now or later get
   it. */
#ifndef AVOW_CANCEL_REASON_H
#define AVOW_CANCEL_REASON_H

#include "engine/context.h"
#include "value/value.h"

/* Takes ownership of the reason that the program gave. Returns an error
   UV_ECANCELED that contains it; NONE if that would be a plain UV_ECANCELED. */
avow_value_t avow__cancel_reason(avow_value_t given);

/* The error for promises that the current cancellation rejects. */
static inline avow_value_t avow__canceled(const avow__context_t *c) {
  return c->cancel.reason.tag == AVOW_NONE ? avow_error(UV_ECANCELED)
                                           : avow_value_ref(&c->cancel.reason);
}

/* A promise that is rejected with avow__canceled(). */
avow_promise_t *avow__canceled_promise(avow__context_t *c);

/* p is canceled and stays pending. If p is rejected with a plain UV_ECANCELED
   later, it gets the reason of this cancellation. The first reason stays. */
void avow__cancel_reason_note(avow_promise_t *p);

/* The reason that was noted for p, borrowed; NONE if there is none. */
avow_value_t avow__cancel_reason_noted(const avow_promise_t *p);

/* Removes and returns the reason that was noted for p; NONE if there is none.
   Releasing the reason may call the program. */
avow_value_t avow__cancel_reason_take(const avow_promise_t *p);

#endif
