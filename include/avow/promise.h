/* SPDX-License-Identifier: MIT */
/*
 * Promises and their chains.
 *
 * Ownership is in the type. A const pointer borrows. A plain avow_promise_t *
 * or avow_deferred_t * and a by-value avow_value_t are taken. What is returned
 * is yours. Only avow_channel_try_send() and avow_sender_try_send() leave the
 * item yours, where they say UV_EAGAIN. const is about your reference, not
 * about what it leads to: avow_channel_send(const avow_channel_t *, …) changes
 * the channel, and leaves you your reference to it.
 *
 * No function that makes a promise returns NULL: all errors, also UV_ENOMEM,
 * arrive as rejections. Handlers run on the loop's thread, first in first out,
 * never inside the call that registers or settles.
 */
#ifndef AVOW_PROMISE_H
#define AVOW_PROMISE_H

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/** What has become of a promise so far. */
typedef enum avow_state_e {
  AVOW_PENDING,
  AVOW_FULFILLED,
  AVOW_REJECTED
} avow_state_t;

/**
 * A handler. arg is borrowed: the value, or the error when it rejects. It
 * returns a value to fulfil, avow_error(…) to throw, avow_follow(p) to wait
 * for p. It has to return, as has whatever else avow calls: an exception of C++
 * that leaves it ends the process, by std::terminate() if nobody catches it
 * beyond, else with advice. A longjmp() that does leaves the loop in the middle
 * of its queue: no handler ever runs again there, and debug builds say so at
 * the next run.
 */
typedef avow_value_t (*avow_cb)(const avow_value_t *arg, void *data);

/** A function without argument, which returns as a handler does. */
typedef avow_value_t (*avow_fn)(void *data);

/** A pending promise; *out settles it (Promise.withResolvers). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_new(uv_loop_t *loop,
                                                        avow_deferred_t **out);

/** v itself if that is a promise, else one resolved with it (PromiseResolve).*/
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_resolve(uv_loop_t *loop,
                                                            avow_value_t v);

/** A rejected promise (Promise.reject). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_reject(uv_loop_t *loop,
                                                           avow_value_t error);

/**
 * Calls fn now and resolves with what it returns (Promise.try). UV_EINVAL
 * without fn.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_try(uv_loop_t *loop, avow_fn fn,
                                                void *data);

/**
 * Resolves: fulfils with a value, rejects with an error, adopts a promise or a
 * thenable (ECMA-262, Promise Resolve Functions). Takes d, so each may be
 * settled once, and v. False if the promise was resolved already, by another
 * holder or by being cancelled; v is then released.
 */
AVOW_API bool avow_resolve(avow_deferred_t *d, avow_value_t v);

/**
 * Rejects. What is not an error, even a promise, becomes the cause of an
 * AVOW_EREASON; it is never adopted (ECMA-262, Promise Reject Functions).
 *
 * A promise that is its own reason is never freed, nor are promises that hold
 * each other by their values: references are counted. Checked builds name the
 * promises of such a ring in avow_loop_close().
 */
AVOW_API bool avow_reject(avow_deferred_t *d, avow_value_t error);

/** One more holder who may settle; each of them takes its own reference. */
AVOW_API avow_deferred_t *avow_deferred_ref(const avow_deferred_t *d);

/** Lets go; the last holder to do so unsettled rejects with AVOW_EBROKEN. */
AVOW_API void avow_deferred_drop(avow_deferred_t *d);

/**
 * Settles with what the handler for p's outcome returns, or as p did where that
 * handler is NULL (Promise.prototype.then). A cancelled one never calls a
 * handler whose input had not arrived.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_then(avow_promise_t *p,
                                                 avow_cb on_fulfilled,
                                                 avow_cb on_rejected,
                                                 void *data);

/**
 * avow_then() without the first handler (Promise.prototype.catch). A handler
 * that tries again should let UV_ECANCELED pass: nobody wants that any more.
 * What a handler follows that got UV_ECANCELED is protected from the
 * cancellation that it got. A later avow_cancel() cancels that promise.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_catch(avow_promise_t *p,
                                                  avow_cb on_rejected,
                                                  void *data);

/**
 * Calls on_settled, with no argument, whichever way p went, waits for what it
 * returns, and then goes on as p did, unless that failed
 * (Promise.prototype.finally). Also called when p or this is cancelled, and
 * when there is no memory left: a reserve of 64 blocks a loop serves it and
 * avow_attach(); past that on_settled is called at once.
 *
 * The cancellation that starts on_settled does not cancel the promise that
 * on_settled returns. A later one does: a value that p had becomes
 * UV_ECANCELED, and a reason stays. To protect a clean-up from all
 * cancellations, follow an avow_shield(). If on_settled is NULL, the promise
 * settles as p does.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_finally(avow_promise_t *p,
                                                    avow_fn on_settled,
                                                    void *data);

/**
 * Settles as p does, after freeing data: what the handlers before it use lives
 * exactly as long as they do. free_fn runs in every case, as finally's handler;
 * but when even the reserve is used up while p is pending, data is kept rather
 * than freed too early. Cancelled while others hold p, which then goes on, it
 * rejects and frees when p has settled. A combinator does not wait for the
 * losers: attach to each input what that uses. If free_fn is NULL, the promise
 * settles as p does.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_attach(avow_promise_t *p,
                                                   void *data,
                                                   void (*free_fn)(void *));

/**
 * Type of the handler of avow_on_settled(). `outcome` is borrowed: the value,
 * or the error if the promise rejected.
 */
typedef void (*avow_settled_cb)(const avow_value_t *outcome, void *data);

/**
 * Calls `cb` once from a job when `p` has settled.
 *
 * The handler returns nothing, so that a foreign-function interface that cannot
 * return a struct can define it. The call counts as handling a rejection of
 * `p`, and `cb` has its turn among the other reactions to `p`. Closing the loop
 * calls `cb`, too. To cancel `p` later, pass avow_ref(p) and keep `p`.
 *
 * If the program is out of memory, a reserve of 64 blocks for each loop serves
 * the call. When the reserve is used up, `cb` runs inside the call: with the
 * outcome of `p`, or with UV_ENOMEM if `p` is pending. `p` is canceled then,
 * unless others hold it. If `cb` is NULL, the call only releases `p`.
 */
AVOW_API void avow_on_settled(avow_promise_t *p, avow_settled_cb cb,
                              void *data);

/** One more reference, to use p twice. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_ref(const avow_promise_t *p);

/** Lets go of p, which may be NULL. The work goes on; nothing is cancelled. */
AVOW_API void avow_unref(avow_promise_t *p);

/** Lets go of *p, which may be NULL, and is NULL then. */
AVOW_API void avow_promise_clear(avow_promise_t **p);

/**
 * Says what p is for: in dumps, in the line about a rejection that nobody has
 * handled, of jobs that take long, and in gdb. name is not copied and has to
 * stay, as a literal does. There is room for it where p is made by
 * avow_promise_new() and pending, as the promise of any operation is, or by
 * avow_async(); another p stays without one, and so does one that follows
 * another promise, from then on.
 */
AVOW_API void avow_promise_set_name(const avow_promise_t *p, const char *name);

/** Moves a promise out of *p, which is NULL then, to who takes it. */
AVOW_INLINE avow_promise_t *avow_promise_steal(avow_promise_t **p) {
  avow_promise_t *stolen = *p;
  *p = NULL;
  return stolen;
}

/**
 * Whether p is pending, or how it has settled, which nothing changes any more.
 * Reading it does not count as handling a rejection.
 */
AVOW_API avow_state_t avow_state(const avow_promise_t *p);

/**
 * The value or the reason, alive as long as p; NULL while pending. Reading a
 * reason counts as handling the rejection, unless the option on_reject is set.
 */
AVOW_API const avow_value_t *avow_result(const avow_promise_t *p);

/**
 * Runs p's loop until p settles, and returns how: for main() and for tests.
 * AVOW_EIDLE if the loop runs dry first. AVOW_EMISUSE inside what avow calls
 * for that loop: handlers, async functions, callbacks for cancelling. In a
 * callback that the program has from libuv itself it runs the loop once more,
 * within that; an avow_run() or uv_run() around it goes on when this returns.
 * uv_stop() does not end avow_run().
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_run(avow_promise_t *p);

/**
 * Calls step again and again, from a job each time and in constant memory,
 * until it returns (or what it follows fulfils with) other than none, or an
 * error: with that it settles. Once canceled, it calls step no more, even if
 * the promise that step followed fulfills with none. UV_EINVAL without step.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_repeat(uv_loop_t *loop,
                                                   avow_fn step, void *data);

AVOW_HEADER_END

#endif
