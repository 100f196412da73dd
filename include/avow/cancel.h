/* SPDX-License-Identifier: MIT */
/*
 * Cancellation: the caller no longer wants the result of a promise.
 */
#ifndef AVOW_CANCEL_H
#define AVOW_CANCEL_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Cancels `p`, because its result is no longer wanted.
 *
 * The cancellation goes up from `p` to its source promises, through each that
 * has no other references. The topmost of them rejects with UV_ECANCELED at
 * once. From there the rejection comes down as any other: through the handlers
 * of avow_catch() and avow_finally().
 *
 * Some promises reject later. The promise of work that runs waits until its
 * function returns. A map, a group or another tool waits until its children
 * have settled. A combinator does not wait: it rejects at once, unless
 * avow_join_losers() makes it wait.
 *
 * A settled promise does not change. If a value is already on its way to a
 * handler, the handler still runs, so that the value is not lost. The promise
 * that this handler returns is canceled instead. If that promise has a value,
 * too, the next one that waits is canceled. A chain that never waits is never
 * canceled: check a flag of your own in its handlers.
 *
 * A clean-up is protected from the cancellation that started it. The promise
 * that the function of avow_finally() returns is a clean-up. So is the promise
 * that a handler of avow_catch() returns for UV_ECANCELED, and so is an await
 * of an async function after UV_ECANCELED. A later cancellation cancels the
 * clean-up, unless avow_shield() protects it. So a timeout around
 * avow_finally() limits the clean-up. If a clean-up fails, the cancellation
 * continues with the promises that depend on it.
 *
 * Inside a callback of avow_on_cancel() the call takes effect after the
 * callback has returned.
 */
AVOW_API void avow_cancel(const avow_promise_t *p);

/**
 * Cancels `p` as avow_cancel() does and records the reason.
 *
 * Each promise still rejects with UV_ECANCELED. The avow_error_cause() of that
 * error is `reason`, which may be any value. If `reason` is an error or BYTES,
 * the message contains it: "operation canceled: the client has left". A
 * `reason` that is UV_ECANCELED itself is used as it is.
 *
 * The reason reaches every promise that the cancellation reaches: sources,
 * inputs of combinators, children of tools, and what callbacks of
 * avow_on_cancel() cancel. An async function gets it from its await. A promise
 * that was canceled with a reason keeps that reason in a second cancellation.
 * Without memory, the error is UV_ECANCELED alone.
 */
AVOW_API void avow_cancel_with(const avow_promise_t *p, avow_value_t reason);

/**
 * Type of the callback of avow_on_cancel(), which stops an operation.
 *
 * @called on the loop's thread, inside the cancellation, once at most. The
 *         callback must not run or close the loop. A promise that it cancels is
 *         canceled after it has returned.
 */
typedef void (*avow_cancel_cb)(void *data);

/**
 * Sets the callback that runs when the promise of `d` is canceled.
 *
 * The callback stops the operation behind the promise. The call comes once,
 * inside the cancellation that rejects the promise. The holder of `d` must
 * still settle or drop it.
 *
 * A promise has one callback: a second call replaces it. If the promise is
 * already resolved or canceled, the call has no effect.
 */
AVOW_API void avow_on_cancel(const avow_deferred_t *d, avow_cancel_cb cb,
                             void *data);

/**
 * Cancels `p` if `stop` settles first.
 *
 * The error of `stop` is the reason of the cancellation, as for
 * avow_cancel_with(). The returned promise rejects after the handlers of `p`
 * have run and running work has ended, as avow_cancel() describes. If others
 * hold `p`, it rejects at once and `p` continues.
 *
 * The call borrows `stop` and adds a reference. One `stop` can serve any number
 * of calls, as an AbortSignal does. If `stop` has settled already, `p` is
 * canceled inside the call, unless `p` has settled. If `p` settles first,
 * `stop` is canceled, unless it has other references.
 *
 * @settles as `p` does
 * @rejects the code of the error of `stop` if `stop` rejects first
 * @rejects UV_ECANCELED if `stop` fulfills first
 * @cancel  Cancels `p`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_until(avow_promise_t *p,
                                                  const avow_promise_t *stop);

/**
 * Cancels `p` if it does not settle within `ms` milliseconds.
 *
 * The time begins with this call, even in a callback that has worked for a
 * while. The returned promise rejects after the handlers of `p` have run and
 * running work has ended, as avow_cancel() describes. If others hold `p`, it
 * rejects at once and `p` continues.
 *
 * If the loop is late, everything that was due or had arrived before the limit
 * is processed first, with its handlers. Jobs that repeat without end delay the
 * limit by at most twice the jobs of avow_options_t.budget.
 *
 * @settles as `p` does
 * @rejects UV_ETIMEDOUT if the time passes first; see avow_is_timeout()
 * @cancel  Cancels `p`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_timeout(avow_promise_t *p,
                                                    uint64_t ms);

/**
 * Protects `p` from cancellation.
 *
 * Use it for an operation that must come to its end. Also use it for a clean-up
 * that no later cancellation and no closing loop may interrupt.
 * avow_loop_close() waits for a shield while anything can still happen on the
 * loop. To limit the time, shield an avow_timeout().
 *
 * @settles as `p` does
 * @cancel  The promise stays pending until `p` settles, and then settles as `p`
 *          does. The cancellation takes effect on what follows.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shield(avow_promise_t *p);

/**
 * Makes a combinator cancel its losers when it settles.
 *
 * The losers are the inputs that are still pending. Losers with other
 * references are not canceled. `combined` must be the promise of a combinator.
 * Any other promise, such as an avow_timeout() around a combinator, is misuse.
 * A release build leaves it unchanged.
 *
 * @settles as `combined` does, because it is `combined`
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cancel_losers(
    avow_promise_t *combined);

/**
 * Makes a combinator cancel its losers and wait until they settle.
 *
 * When the outcome is certain, the combinator cancels the inputs that are still
 * pending. The combinator settles when the losers have settled. So the caller
 * may then free what the losers use, such as the local variables of an async
 * function that awaits a race. Inputs with other references are neither
 * canceled nor waited for.
 *
 * `combined` must be the promise of a combinator. Any other promise is misuse.
 * A release build leaves it unchanged.
 *
 * @settles as `combined` does, because it is `combined`
 * @cancel  Cancels the pending inputs that have no other references, and
 *          rejects when they have settled. If the outcome was certain before,
 *          the promise keeps it. Then the call cancels the losers again, which
 *          interrupts a clean-up that hangs.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_join_losers(
    avow_promise_t *combined);

AVOW_HEADER_END

#endif
