/* SPDX-License-Identifier: MIT */
/*
 * Cancelling: telling what is pending that nobody wants it any more.
 */
#ifndef AVOW_CANCEL_H
#define AVOW_CANCEL_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Walks up from p through promises that nobody else holds and rejects the
 * topmost with UV_ECANCELED at once; from there the rejection comes down
 * through each catch and finally. Of work that runs, and of what has children
 * (maps, groups, …), it waits for the end first; not so behind a combinator,
 * which rejects at once, unless avow_join_losers() has it wait.
 *
 * A clean-up is protected from the cancellation that started it: the promise
 * that the handler of a finally follows, or the handler of a catch that got
 * UV_ECANCELED, and the awaits of an async function that got it. A later
 * cancellation cancels that promise, unless avow_shield() protects it. So a
 * time limit around a finally holds. If a clean-up fails, the cancellation goes
 * on behind it.
 *
 * A settled promise is left alone. Where a value has arrived already its
 * handler still runs, so that nothing is lost: what it then waits for is
 * cancelled instead. If that has its value, too, and so on without end, nothing
 * ever waits: where a chain goes on for long, ask a flag of yours in its
 * handler. Inside an avow_cancel_cb it takes effect once that has returned.
 */
AVOW_API void avow_cancel(const avow_promise_t *p);

/**
 * avow_cancel(), and says why. What is rejected is rejected with UV_ECANCELED
 * all the same, but the avow_error_cause() of that is the reason, any value,
 * and its message tells of it: "operation canceled: the client has left". A
 * reason that is UV_ECANCELED itself is taken as it is. It goes wherever the
 * cancelling goes: up chains, to the inputs of combinators and the children of
 * tools, into what an avow_cancel_cb cancels in its turn, and to the await of
 * an async function. Whoever was cancelled with one keeps it: a second reason
 * is for what the first had not come to. Without memory it is avow_cancel().
 */
AVOW_API void avow_cancel_with(const avow_promise_t *p, avow_value_t reason);

/** Stops the work that a promise stands for: see avow_on_cancel(). */
typedef void (*avow_cancel_cb)(void *data);

/**
 * Calls cb, once, inside the avow_cancel() that rejects d's promise: the place
 * to stop the work. The holder of d still has to drop or to settle it. One
 * callback a promise: a second call replaces the first. If the promise is
 * canceled or settled already, the call has no effect: cb never runs.
 */
AVOW_API void avow_on_cancel(const avow_deferred_t *d, avow_cancel_cb cb,
                             void *data);

/**
 * Settles as p does, unless stop settles first: then p is cancelled, and the
 * reason is stop's, or UV_ECANCELED if stop was fulfilled. p is cancelled with
 * that reason, as by avow_cancel_with(). That rejection waits
 * for p's handlers to have run, and for work that runs to be over, as
 * avow_cancel() has it, unless others hold p. A stop that has settled already
 * cancels p inside the call. One stop promise serves any number of these (an
 * abort signal).
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_until(avow_promise_t *p,
                                                  const avow_promise_t *stop);

/**
 * Settles as p does, unless ms milliseconds pass first: avow_until() with the
 * reason UV_ETIMEDOUT, "timed out". The time begins with this call, also in a
 * callback that has worked for a while. However late the loop is, what was due
 * or had arrived before comes first, with the handlers it wakes; no repeat
 * holds the limit up for longer than twice a turn's budget of jobs, however
 * slow each is.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_timeout(avow_promise_t *p,
                                                    uint64_t ms);

/**
 * Settles as p does, and cancelling does not get past it: it waits until p has
 * settled, and goes on from here then. So does closing the loop, as long as
 * anything can still happen there. For what must be done to its end, for
 * clean-ups that no later cancellation may interrupt, and for those that
 * closing the loop may not. An avow_timeout() that p is of limits it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shield(avow_promise_t *p);

/**
 * Of a combinator's promise: when it settles, cancel the inputs that are still
 * pending and that nobody else holds. Returns its argument. Another promise,
 * also an avow_timeout() around a combinator, has no losers, and is a mistake:
 * debug builds say so, release builds leave it as it is.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cancel_losers(
    avow_promise_t *combined);

/**
 * The same, and it waits for them: when its outcome is certain, or it is
 * cancelled, it cancels the other inputs and settles once these have unwound,
 * so that what they use may be freed behind it: the locals of the function that
 * awaits a race, for one. Inputs that others hold are not waited for. If
 * it is canceled while it waits, it keeps its outcome and cancels these inputs
 * again, which interrupts a clean-up that hangs.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_join_losers(
    avow_promise_t *combined);

AVOW_HEADER_END

#endif
