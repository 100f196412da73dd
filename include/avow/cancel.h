/* SPDX-License-Identifier: MIT */
/* Cancellation, protection from it, and timeouts. */
#ifndef AVOW_CANCEL_H
#define AVOW_CANCEL_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Cancels `p`, because its result is no longer wanted.
 *
 * A promise that avow_then() or a similar function returned has a source
 * promise. This is the promise that was passed to the function, or later the
 * promise that the handler returned. The cancellation begins at `p`, even if
 * `p` has other references. It goes on to the source promise of `p`, to the
 * source promise of that promise, and so on. It stops before a source promise
 * that has other references. That source promise continues.
 *
 * The last promise that the cancellation reaches rejects at once with
 * UV_ECANCELED. This rejection passes down the chain to `p` like any other,
 * through the handlers of avow_catch() and avow_finally(). The promise of a
 * running avow_work() rejects later, when its function has returned. The
 * promise of avow_map(), of a group or of a similar function rejects when the
 * promises that it started have settled. The promise of a combinator rejects at
 * once, unless avow_join_losers() makes it wait.
 *
 * If `p` has settled, the call has no effect. If a source promise has settled,
 * but its handler has not run, the handler still runs, so that no value is
 * lost. The promise that the handler returns is then canceled. If the handler
 * returns no pending promise, the next handler in the chain runs, and the
 * promise that it returns is canceled, and so on. If no handler returns a
 * pending promise, the chain is not canceled. The handlers of such a chain can
 * check a flag of the program.
 *
 * A handler of avow_finally(), together with the promise that it returns, is a
 * clean-up. If a handler of avow_catch() got UV_ECANCELED, the promise that the
 * handler returns is a clean-up. In an async function, each await after
 * UV_ECANCELED is a clean-up. The cancellation that started a clean-up does not
 * cancel it. Neither does a cancellation that arrives before the handler has
 * returned. A later cancellation, such as a timeout that passes during the
 * clean-up, cancels the clean-up, unless avow_shield() protects it. If a
 * clean-up fails, avow also cancels the promises that later handlers return,
 * down to `p`.
 *
 * In a callback of avow_on_cancel(), the call takes effect when the callback
 * has returned.
 */
AVOW_API void avow_cancel(const avow_promise_t *p);

/**
 * Cancels `p` as avow_cancel() does and records the reason.
 *
 * Each canceled promise still rejects with UV_ECANCELED. The cause of that
 * error (avow_error_cause()) is `reason`, which may be any value. If `reason`
 * is an error or BYTES, the message contains it: "operation canceled: the
 * client has left". If `reason` is itself an error with the code UV_ECANCELED,
 * the promises reject with `reason`.
 *
 * The reason reaches every promise that the cancellation reaches, also inputs
 * of combinators, promises that a map or a group started, and promises that a
 * callback of avow_on_cancel() cancels. In a second cancellation, a promise
 * keeps its first reason. If memory runs out, the error has no cause.
 */
AVOW_API void avow_cancel_with(const avow_promise_t *p, avow_value_t reason);

/**
 * Type of the callback of avow_on_cancel(), which stops an operation.
 *
 * @called on the loop's thread, inside the call that cancels, at most once. The
 *         callback must not run or close the loop.
 */
typedef void (*avow_cancel_cb)(void *data);

/**
 * Sets the callback that runs when the promise of `d` is canceled.
 *
 * The callback stops the operation of the promise. The holder of `d` must still
 * settle or drop `d`. A second call replaces the callback. If the promise is
 * already resolved or canceled, the call has no effect.
 */
AVOW_API void avow_on_cancel(const avow_deferred_t *d, avow_cancel_cb cb,
                             void *data);

/**
 * Cancels `p` if `stop` settles first.
 *
 * If `stop` rejects, its error is the reason of the cancellation, as for
 * avow_cancel_with(). The returned promise rejects when the canceled chain has
 * settled, including clean-ups and a running avow_work(). If `p` has other
 * references, `p` continues, and the returned promise rejects at once.
 *
 * The call borrows `stop` and adds a reference. One `stop` can be passed to any
 * number of calls, like an AbortSignal. If `stop` has settled and `p` has not,
 * `p` is canceled inside the call. If `p` settles first, `stop` is canceled,
 * unless it has other references.
 *
 * @settles as `p` does
 * @rejects with the error of `stop` if `stop` rejects first
 * @rejects UV_ECANCELED if `stop` fulfills first
 * @cancel  Cancels `p`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_until(avow_promise_t *p,
                                                  const avow_promise_t *stop);

/**
 * Cancels `p` if it does not settle within `ms` milliseconds.
 *
 * The time starts at this call, even if the current callback has run for a
 * while and uv_now() is therefore out of date. The returned promise rejects
 * when the canceled chain has settled, including clean-ups and a running
 * avow_work(). If `p` has other references, `p` continues, and the returned
 * promise rejects at once.
 *
 * If the loop is late, avow first processes everything that was due or had
 * arrived before the limit, and calls the handlers. If jobs queue further jobs
 * without end, the limit takes effect after at most 2 * avow_options_t.budget
 * of them.
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
 * Use it for an operation that must complete, or for a clean-up that nothing
 * may interrupt. avow_loop_close() also waits for `p` as long as anything keeps
 * the loop alive. To limit the time, call avow_shield(avow_timeout(p, ms)).
 *
 * @settles as `p` does
 * @cancel  Stays pending until `p` settles, and then settles as `p` does. The
 *          cancellation then takes effect on the next promise that a handler
 *          later in the chain returns.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_shield(avow_promise_t *p);

/**
 * Makes a combined promise cancel its losers when it settles.
 *
 * The losers are the inputs that are still pending when the outcome is certain.
 * Losers with other references are not canceled. `combined` must be the promise
 * of a combinator. Any other promise, such as an avow_timeout() around a
 * combined promise, is misuse. A release build returns such a promise
 * unchanged.
 *
 * @settles as `combined` does; the call returns `combined`
 * @cancel  Rejects at once and cancels the pending inputs that have no other
 *          references.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_cancel_losers(
    avow_promise_t *combined);

/**
 * Makes a combined promise cancel its losers and wait until they settle.
 *
 * When the outcome is certain, avow cancels the losers, which are the inputs
 * that are still pending. `combined` settles when the losers have settled.
 * After that, the program may free memory that the losers use. For example, an
 * async function that awaits a race may return although the losers used its
 * local variables. Losers with other references are neither canceled nor waited
 * for.
 *
 * `combined` must be the promise of a combinator. Any other promise is misuse.
 * A release build returns such a promise unchanged.
 *
 * @settles as `combined` does; the call returns `combined`
 * @cancel  Cancels the pending inputs that have no other references, and
 *          rejects when they have settled. If the outcome was already certain,
 *          the outcome does not change, and the losers are canceled again. This
 *          interrupts a clean-up that does not end.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_join_losers(
    avow_promise_t *combined);

AVOW_HEADER_END

#endif
