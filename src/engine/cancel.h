/* SPDX-License-Identifier: MIT */
/* Canceling promises, and what kinds of promises do when they are canceled. */
#ifndef AVOW_CANCEL_PRIVATE_H
#define AVOW_CANCEL_PRIVATE_H

#include "engine/context.h"

/* Stops what will settle a pending promise. */
void avow__cancel(avow_promise_t *p);

/* Likewise, unless others than the caller hold p. */
void avow__cancel_unshared(avow_promise_t *p);

/* Likewise where the caller has no reference to p. */
void avow__cancel_borrowed(avow_promise_t *p);

/* avow_cancel() for a reason that avow__cancel_reason() gave. */
void avow__cancel_for(avow_promise_t *p, avow_value_t reason);

/* p is a finally that was canceled for `reason`, which is borrowed, and rejects
   with another error. The cancellation came through `reach` promises below p.
   What their handlers begin is canceled nevertheless. */
void avow__cancel_below(avow_promise_t *p, size_t reach, avow_value_t reason);

/* Cancels what the lists of c->cancel have. Inside another cancellation it does
   nothing, because that one continues with the lists. */
void avow__cancel_condemned(avow__context_t *c);

/* The same, for a reason that avow__cancel_reason() gave. Inside another
   cancellation, the reason of that one applies. */
void avow__cancel_condemned_for(avow__context_t *c, avow_value_t reason);

/* For rows of kinds. */
void avow__cancel_deferred(avow_promise_t *p, avow_promise_t *start);
void avow__cancel_running(avow_promise_t *p, avow_promise_t *start);
void avow__gathered_cancel(avow_promise_t *gather, avow_promise_t *start);
void avow__cancel_pair(avow_promise_t *p, avow_promise_t *start);
void avow__cancel_queued(avow_promise_t *p, avow_promise_t *start);
void avow__cancel_cleanup(avow_promise_t *p, avow_promise_t *start);
void avow__cancel_reaction(avow_promise_t *p, avow_promise_t *start);
void avow__detached(avow_promise_t *p); /* rejects with UV_ECANCELED */
void avow__detached_runs(avow_promise_t *p);

#endif
