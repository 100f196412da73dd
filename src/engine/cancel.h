/* SPDX-License-Identifier: MIT */
/* Canceling promises of each kind. */
#ifndef AVOW_CANCEL_PRIVATE_H
#define AVOW_CANCEL_PRIVATE_H

#include "engine/context.h"

/* Cancels p if it is pending, by stopping its source. */
void avow__cancel(avow_promise_t *p);

/* Cancels p unless it has other references than that of the caller. */
void avow__cancel_unshared(avow_promise_t *p);

/* Cancels p, to which the caller has no reference. */
void avow__cancel_borrowed(avow_promise_t *p);

/* Cancels p for a reason that avow__cancel_reason() gave. Takes ownership of
   the reason. */
void avow__cancel_for(avow_promise_t *p, avow_value_t reason);

/* Marks `reach` promises below p as canceled, so that promises which their
   handlers return are canceled. p is a finally that was canceled for `reason`
   and rejects with another error. Borrows `reason`. */
void avow__cancel_below(avow_promise_t *p, size_t reach, avow_value_t reason);

/* Cancels the promises in the lists of c->cancel. Inside another cancellation
   it does nothing, because that one continues with the lists. */
void avow__cancel_listed(avow__context_t *c);

/* Calls avow__cancel_listed() with a reason from avow__cancel_reason().
   Takes ownership of the reason. Inside another cancellation, that one's reason
   applies. */
void avow__cancel_listed_for(avow__context_t *c, avow_value_t reason);

/* Functions for the rows of avow__kinds. */
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
