/* SPDX-License-Identifier: MIT */
/*
 * Promises, their chains, and the rules for every function of avow.
 *
 * The comments of the functions do not repeat these rules.
 *
 * Ownership: the type of a parameter tells who owns the argument. A function
 * takes ownership of a promise, deferred, remote or channel whose pointer is
 * not const, and of an avow_value_t that is passed by value, even if the call
 * fails. There is one exception: if avow_channel_try_send() or
 * avow_sender_try_send() returns UV_EAGAIN, the caller still owns the item. A
 * function borrows a const pointer. The caller then keeps its reference, but
 * the object may change: avow_channel_send(const avow_channel_t *, …) changes
 * the channel. The caller owns the result of a function, unless the comment
 * states how long the result is valid.
 *
 * Errors: no function that creates a promise returns NULL. If such a call
 * fails, the promise rejects. If there is no memory for a promise, it rejects
 * with UV_ENOMEM. When an error passes through a chain or another promise, it
 * keeps its message and its cause, even if a comment lists only the code.
 *
 * Closing: avow_loop_close() cancels pending promises, which reject with
 * UV_ECANCELED, and runs their handlers. Promises that a handler creates
 * meanwhile are canceled, too. avow_shield() protects promises that must
 * complete. Promises, channels, limiters and similar objects stay valid after
 * the close. Operations on them then reject with UV_ECANCELED.
 *
 * Misuse is a mistake of the program, such as a loop without avow_loop_init(),
 * a call on the wrong thread, a promise of another loop, or NULL. The use of a
 * reference that was released or passed on before is misuse, too. A checked
 * build prints the mistake and aborts. A release build does not check threads
 * and references, so these two mistakes can corrupt memory. After other misuse
 * in a release build, the promise rejects with AVOW_EMISUSE, or the function
 * returns an error, 0 or NULL, or the call has no effect.
 *
 * NULL: functions that release an object (unref, drop, free) accept NULL. So do
 * parameters for data of the caller, and parameters with a documented default.
 * If a required function pointer is NULL, the call fails with UV_EINVAL. Some
 * functions also name an error code for another NULL argument, such as a path;
 * the code is in the comment of the function or of its header. The call then
 * fails with that code. Any other NULL is misuse.
 *
 * Threads: the caller must be on the thread of the loop, unless the comment of
 * the function permits any thread. Handlers run on the thread of the loop, in
 * the order in which they became ready, never inside the call that registers
 * them or settles their promise.
 *
 * avow calls some functions of the caller immediately, not from a job. They are
 * the functions that are passed to avow_try(), avow_async() and
 * avow_stackless(), callbacks of avow_on_cancel(), hooks of avow_options_t, and
 * functions that free data. If memory and the reserve of the loop are used up,
 * avow also calls handlers of avow_finally() and avow_on_settled() immediately.
 * For bindings to other languages, closure.h has rules of its own.
 */
#ifndef AVOW_PROMISE_H
#define AVOW_PROMISE_H

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/** The state of a promise: pending or settled. */
typedef enum avow_state_e {
  AVOW_PENDING,
  AVOW_FULFILLED,
  AVOW_REJECTED
} avow_state_t;

/**
 * Type of a handler, which receives an outcome and returns a result.
 *
 * `arg` is the value of a promise, or its error if the promise rejected. The
 * handler borrows `arg`. The result settles a second promise, such as the one
 * that avow_then() returned. A value fulfills this promise, avow_error()
 * rejects it, and avow_follow(p) settles it with the outcome of `p`. To return
 * the argument, the handler returns avow_value_ref(arg).
 *
 * `arg` is valid until the handler returns, even if the handler returns a
 * pending promise. To use the value later, for example in an async function
 * that the handler starts, call avow_value_ref(arg).
 *
 * Every function that avow calls must return. A C++ exception that leaves such
 * a function ends the process. Only a function that C++ code passes to
 * avow_async() may throw; see exceptions.h. After a longjmp() out of a handler,
 * no handler of that loop runs again. Checked builds report the longjmp() at
 * the next run of the loop.
 *
 * @called on the loop's thread, from a job
 */
typedef avow_value_t (*avow_cb)(const avow_value_t *arg, void *data);

/**
 * Type of a function that gets only `data` and returns a result.
 *
 * The result settles a promise, such as the one that avow_try() returned. A
 * value fulfills this promise, avow_error() rejects it, and avow_follow(p)
 * settles it with the outcome of `p`.
 *
 * @called as documented for each function that takes an avow_fn
 */
typedef avow_value_t (*avow_fn)(void *data);

/**
 * Creates a pending promise, which the deferred in `*out` settles.
 *
 * The caller owns both the promise and the deferred.
 *
 * @settles with the value that was passed to avow_resolve(), or with the
 *          outcome of the promise that was passed
 * @rejects with the error that was passed to avow_resolve() or avow_reject()
 * @rejects AVOW_EBROKEN if the last reference to the deferred is dropped and
 *          the promise is not resolved
 * @cancel  Rejects at once and calls the callback of avow_on_cancel(). The
 *          holder of `*out` must still settle or drop `*out`. After
 *          avow_resolve() with another promise: cancels that promise, or
 *          rejects at once if that promise has other references.
 * @see     ECMA-262, Promise.withResolvers
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_new(uv_loop_t *loop,
                                                        avow_deferred_t **out);

/**
 * Converts `v` to a promise.
 *
 * If `v` is a promise, made with avow_follow(), the function returns that
 * promise. If `v` is a thenable, which is an object whose class has a `then`
 * function, a job calls that function.
 *
 * @settles with `v`; if `v` is a promise or a thenable, with the outcome of `v`
 * @rejects with `v` if `v` is an error
 * @cancel  If `v` is a promise or a thenable, cancels it. Otherwise has no
 *          effect, because the promise is settled.
 * @see     ECMA-262, PromiseResolve
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_resolve(uv_loop_t *loop,
                                                            avow_value_t v);

/**
 * Creates a promise that is rejected with `error`.
 *
 * @settles never with a value
 * @rejects with `error`
 * @rejects AVOW_EREASON if `error` is not an error; `error` is its cause
 * @cancel  Has no effect, because the promise is settled.
 * @see     ECMA-262, Promise.reject
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_reject(uv_loop_t *loop,
                                                           avow_value_t error);

/**
 * Calls `fn` immediately and converts its result to a promise.
 *
 * @settles with the value that `fn` returned; if `fn` returned a promise, with
 *          the outcome of that promise
 * @rejects with the error that `fn` returned
 * @rejects UV_EINVAL if `fn` is NULL
 * @cancel  Cancels the promise that `fn` returned.
 * @see     ECMA-262, Promise.try
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_try(uv_loop_t *loop, avow_fn fn,
                                                void *data);

/**
 * Resolves the promise of `d` with `v`.
 *
 * A value fulfills the promise, and an error rejects it. If `v` is a promise,
 * or an object whose class has a `then` function, the promise adopts `v`: the
 * promise settles later, with the outcome of `v`. If `v` is the promise of `d`
 * itself, the promise rejects with AVOW_ECYCLE. The call releases the reference
 * `d`.
 *
 * @returns true if this call resolved the promise; false if it was resolved or
 *          canceled before, and then `v` is released
 * @see     ECMA-262, Promise Resolve Functions
 */
AVOW_API bool avow_resolve(avow_deferred_t *d, avow_value_t v);

/**
 * Rejects the promise of `d` with `error`.
 *
 * If `error` is not an error, the promise rejects with AVOW_EREASON, and
 * `error` is the cause. A promise that is passed as `error` is not adopted.
 *
 * If the error of a promise contains the promise itself, for example as its
 * cause, the promise is never freed. Checked builds print such promises in
 * avow_loop_close().
 *
 * @returns true if this call rejected the promise; false if it was resolved or
 *          canceled before, and then `error` is released
 * @see     ECMA-262, Promise Reject Functions
 */
AVOW_API bool avow_reject(avow_deferred_t *d, avow_value_t error);

/**
 * Adds a reference to `d` for one more holder.
 *
 * Each holder must settle or drop its own reference. The first call that
 * settles decides the outcome.
 */
AVOW_API avow_deferred_t *avow_deferred_ref(const avow_deferred_t *d);

/**
 * Releases a reference to `d`, which may be NULL, without settling.
 *
 * If this was the last reference and the promise is not resolved, the promise
 * rejects with AVOW_EBROKEN.
 */
AVOW_API void avow_deferred_drop(avow_deferred_t *d);

/**
 * Calls a handler from a job when `p` has settled.
 *
 * `on_fulfilled` gets the value, or `on_rejected` gets the error. If the
 * handler for the outcome is NULL, the returned promise settles with the
 * outcome of `p`.
 *
 * @settles with the value that the handler returned; if the handler returned a
 *          promise, with the outcome of that promise; without a handler, with
 *          the outcome of `p`
 * @rejects with the error that the handler returned
 * @rejects AVOW_ECYCLE if the handler followed the promise that this call
 *          returned
 * @cancel  While `p` is pending: cancels `p`, and `on_rejected` gets
 *          UV_ECANCELED. If `p` has other references, `p` continues: the
 *          returned promise rejects at once, and no handler is called. After
 *          `p` has settled: the handler still runs, and a promise that it
 *          returns is canceled. Exception: if `on_rejected` gets UV_ECANCELED,
 *          the promise that `on_rejected` returns is a clean-up. This
 *          cancellation does not cancel the clean-up. Only a cancellation after
 *          the return of `on_rejected` does.
 * @see     ECMA-262, Promise.prototype.then
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_then(avow_promise_t *p,
                                                 avow_cb on_fulfilled,
                                                 avow_cb on_rejected,
                                                 void *data);

/**
 * Calls `on_rejected` from a job if `p` rejects.
 *
 * A handler that gets UV_ECANCELED must not start another attempt, because the
 * result is no longer wanted. It must return avow_value_ref(arg), or a promise
 * that rejects with UV_ECANCELED after a clean-up.
 *
 * @settles with the value of `p`; if `p` rejected, with the value that
 *          `on_rejected` returned, or with the outcome of a promise that
 *          `on_rejected` returned
 * @rejects with the error that `on_rejected` returned
 * @rejects AVOW_ECYCLE if `on_rejected` followed the promise that this call
 *          returned
 * @cancel  While `p` is pending: cancels `p`, and `on_rejected` gets
 *          UV_ECANCELED. If `p` has other references, `p` continues: the
 *          returned promise rejects at once, and no handler is called. After
 *          `p` has settled: the handler still runs, and a promise that it
 *          returns is canceled. Exception: if `on_rejected` gets UV_ECANCELED,
 *          the promise that `on_rejected` returns is a clean-up. This
 *          cancellation does not cancel the clean-up. Only a cancellation after
 *          the return of `on_rejected` does.
 * @see     ECMA-262, Promise.prototype.catch
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_catch(avow_promise_t *p,
                                                  avow_cb on_rejected,
                                                  void *data);

/**
 * Calls `on_settled` when `p` has settled, and waits for the result.
 *
 * `on_settled` is called after a value and after an error, also after a
 * cancellation. If `on_settled` is NULL, the returned promise settles with the
 * outcome of `p`.
 *
 * If memory and the reserve of the loop (for 64 promises) are used up,
 * avow_finally() calls `on_settled` before it returns.
 *
 * @settles with the outcome of `p`, after `on_settled` has returned and the
 *          promise that it returned has fulfilled
 * @rejects with the error that `on_settled` returned, or with the error of the
 *          promise that it returned
 * @cancel  Before `on_settled` has returned: cancels `p`, and `on_settled` is
 *          called. The promise that `on_settled` returns is not canceled. If
 *          `p` has other references, `p` continues, and `on_settled` is called
 *          without waiting for `p`. After `on_settled` has returned: cancels
 *          the promise that `on_settled` returned, unless avow_shield()
 *          protects it. If that promise rejects with an error other than
 *          UV_ECANCELED, the promise of avow_finally() rejects with that error.
 *          Otherwise the promise of avow_finally() rejects with the error of
 *          `p`, or with UV_ECANCELED if `p` fulfilled.
 * @see     ECMA-262, Promise.prototype.finally
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_finally(avow_promise_t *p,
                                                    avow_fn on_settled,
                                                    void *data);

/**
 * Calls `free_fn` with `data` from a job when `p` has settled.
 *
 * Handlers earlier in the chain may use `data` until then. The promise of a
 * combinator waits for its losers only after avow_join_losers(). Without this
 * call, each input needs its own `data` and its own avow_attach(). If `free_fn`
 * is NULL, the returned promise settles with the outcome of `p`.
 *
 * If memory and the reserve of the loop (for 64 promises) are used up, the
 * state of `p` decides. If `p` has settled, avow_attach() calls `free_fn`
 * before it returns. Otherwise `data` is never freed, because handlers may
 * still use it.
 *
 * @settles with the outcome of `p`, after `free_fn` has returned
 * @cancel  Cancels `p`; `data` is freed when `p` has settled. If `p` has other
 *          references, `p` continues. The returned promise then rejects with
 *          UV_ECANCELED when `p` has settled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_attach(avow_promise_t *p,
                                                   void *data,
                                                   void (*free_fn)(void *));

/**
 * Type of the handler of avow_on_settled(), which returns nothing.
 *
 * `outcome` is the value of the promise, or its error if the promise rejected.
 * The handler borrows `outcome`.
 *
 * @called on the loop's thread, from a job; inside avow_on_settled() if memory
 *         and the reserve of the loop are used up
 */
typedef void (*avow_settled_cb)(const avow_value_t *outcome, void *data);

/**
 * Calls `cb` once from a job when `p` has settled.
 *
 * `cb` returns nothing, so that bindings can use it in languages whose
 * callbacks cannot return a struct. A rejection of `p` is then not reported as
 * unhandled. If the loop closes, `cb` gets UV_ECANCELED. To cancel `p` later,
 * the caller passes avow_ref(p) and keeps `p`. If `cb` is NULL, the call only
 * releases `p`.
 *
 * If memory and the reserve of the loop (for 64 promises) are used up,
 * avow_on_settled() calls `cb` before it returns. `cb` gets the outcome of `p`,
 * or UV_ENOMEM if `p` is pending. A pending `p` is then canceled, unless it has
 * other references.
 */
AVOW_API void avow_on_settled(avow_promise_t *p, avow_settled_cb cb,
                              void *data);

/**
 * Adds a reference to `p`, for use after a call that takes ownership.
 *
 * @settles with the outcome of `p`, because it is `p`
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_ref(const avow_promise_t *p);

/**
 * Releases a reference to `p`, which may be NULL.
 *
 * The call cancels nothing: the operation of `p` continues.
 */
AVOW_API void avow_unref(avow_promise_t *p);

/** Releases a reference to `*p`, which may be NULL, and sets `*p` to NULL. */
AVOW_API void avow_promise_clear(avow_promise_t **p);

/**
 * Names `p` for dumps, reports and the debugger.
 *
 * `name` is not copied: it must stay valid, as a string literal does. NULL
 * removes the name. A pending promise of avow_promise_new(), of avow_async(),
 * or of an operation such as avow_work() or avow_map() can have a name. For any
 * other promise, such as those of avow_sleep(), avow_then() and avow_all(), the
 * call has no effect. A promise that adopts another promise loses its name.
 *
 * @see avow_loop_dump()
 */
AVOW_API void avow_promise_set_name(const avow_promise_t *p, const char *name);

/**
 * Moves the promise out of `*p` and sets `*p` to NULL.
 *
 * Use this function to pass a variable to a function that takes ownership.
 *
 * @settles with the outcome of the promise that was in `*p`
 */
AVOW_INLINE avow_promise_t *avow_promise_steal(avow_promise_t **p) {
  avow_promise_t *stolen = *p;
  *p = NULL;
  return stolen;
}

/**
 * Tells whether `p` is pending, fulfilled or rejected.
 *
 * After this call, a rejection can still be reported as unhandled.
 *
 * @returns the state, which no longer changes after `p` has settled
 */
AVOW_API avow_state_t avow_state(const avow_promise_t *p);

/**
 * Reads the value or the error of `p`.
 *
 * A rejection is not reported as unhandled after this call, unless the hook
 * on_reject in avow_options_t is set. Bindings use that hook to track
 * rejections.
 *
 * @returns the value, or the error if `p` is rejected; NULL while `p` is
 *          pending. Valid until the caller releases `p`.
 */
AVOW_API const avow_value_t *avow_result(const avow_promise_t *p);

/**
 * Runs the loop of `p` until `p` settles; for main() and for tests.
 *
 * In a callback of libuv, the call runs the loop inside the callback. The outer
 * avow_run() or uv_run() continues afterwards. libuv does not guarantee that a
 * loop inside a callback works. uv_stop() does not end avow_run().
 *
 * With AVOW_EIDLE, checked builds print the promises for which `p` waits, and
 * what the last of them needs.
 *
 * @returns the value or the error of `p`
 * @error   AVOW_EIDLE if nothing is left to run while `p` is pending
 * @error   AVOW_EMISUSE if the caller is a handler, an async function or a
 *          callback of avow_on_cancel() of that loop
 * @blocks  until `p` settles or nothing is left to run
 * @see     uv_run()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_run(avow_promise_t *p);

/**
 * Calls `step` until it returns an error or a value other than NONE.
 *
 * Each call is made from a job of its own. If `step` returns a promise, the
 * next call is made when that promise has fulfilled with NONE. Memory use stays
 * constant.
 *
 * @settles with the first value other than NONE, from `step` or from the
 *          promise that it returned
 * @rejects with the first error, from `step` or from that promise
 * @rejects UV_EINVAL if `step` is NULL
 * @cancel  Cancels the promise that `step` returned. Between two calls of
 *          `step`: rejects at once. `step` is not called again.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_repeat(uv_loop_t *loop,
                                                   avow_fn step, void *data);

AVOW_HEADER_END

#endif
