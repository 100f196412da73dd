/* SPDX-License-Identifier: MIT */
/*
 * Promises, their chains, and the rules for every function of avow.
 *
 * The type of a parameter tells who owns the argument. The callee borrows a
 * const pointer. The callee takes ownership of a plain avow_promise_t *,
 * avow_deferred_t * or avow_remote_t *, and of an avow_value_t that is passed
 * by value, even if the call fails. The caller owns what a function returns.
 * Two functions depart from this: if avow_channel_try_send() or
 * avow_sender_try_send() returns UV_EAGAIN, the caller still owns the item. A
 * const pointer protects the caller's reference, not the object:
 * avow_channel_send(const avow_channel_t *, …) changes the channel.
 *
 * No function that creates a promise returns NULL. Every error arrives as a
 * rejection. The following rules hold for each function and are stated only
 * here:
 *
 * Out of memory: a promise that cannot be created is rejected with UV_ENOMEM.
 *
 * A closing loop: avow_loop_close() cancels pending promises, so that they
 * reject with UV_ECANCELED. avow_loop_close() runs the handlers of these
 * promises. Promises that a handler creates meanwhile are canceled, too.
 * avow_shield() protects work that must complete. Promises, channels, limiters
 * and similar objects stay valid after the loop is closed. Each operation on
 * them then rejects with UV_ECANCELED.
 *
 * Misuse: a loop without avow_loop_init(), a call on the wrong thread, a
 * promise of another loop, a reference that was released or passed on before,
 * or NULL. A checked build prints the mistake and aborts. A release build
 * rejects with AVOW_EMISUSE, returns an error, 0 or NULL, or does nothing, and
 * does not check the thread.
 *
 * NULL: functions that release an object (unref, drop, free) accept it. So do
 * parameters for the caller's own data, and parameters with a documented
 * default. A NULL function pointer rejects with UV_EINVAL if the comment of the
 * called function says so. Any other NULL is misuse.
 *
 * Threads: the caller must be on the thread of the loop, unless a function says
 * that any thread may call it. Handlers run on that thread, in the order in
 * which they became ready, never inside the call that registers them or settles
 * their promise. Only these run inside a call: the functions of avow_try(),
 * avow_async() and avow_stackless(), callbacks of avow_on_cancel(), hooks of
 * avow_options_t, and functions that free data.
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
 * `arg` is borrowed: the value, or the error if the promise rejected. The
 * handler returns a value to fulfill, avow_error() to reject, or avow_follow(p)
 * to settle as `p` does.
 *
 * A handler must return, as must every other function that avow calls. A C++
 * exception that leaves one of them ends the process. If no function further up
 * the stack catches the exception, C++ calls std::terminate(). Otherwise avow
 * prints a message and aborts. A function that is passed to avow_async() may
 * throw if it is compiled as C++; see exceptions.h.
 *
 * After a longjmp() out of a handler no handler of that loop runs again.
 * Checked builds report the longjmp() at the next run of the loop.
 *
 * @called on the loop's thread, from a job
 */
typedef avow_value_t (*avow_cb)(const avow_value_t *arg, void *data);

/**
 * Type of a function that gets only `data` and returns a result.
 *
 * The function returns a value to fulfill, avow_error() to reject, or
 * avow_follow(p) to settle as `p` does.
 *
 * @called  on the thread and at the moment that are documented for the function
 *          to which it is passed
 */
typedef avow_value_t (*avow_fn)(void *data);

/**
 * Creates a pending promise, which the deferred in `*out` settles.
 *
 * The caller owns both the promise and the deferred.
 *
 * @settles with the value, or as the promise, that was passed to avow_resolve()
 * @rejects with the error that was passed to avow_resolve() or avow_reject()
 * @rejects AVOW_EBROKEN if the last reference to the deferred is dropped and
 *          the promise is not resolved
 * @cancel  Rejects the promise at once and calls the callback of
 *          avow_on_cancel(). `*out` stays valid: its holder must still settle
 *          or drop it.
 * @see     ECMA-262, Promise.withResolvers
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_new(uv_loop_t *loop,
                                                        avow_deferred_t **out);

/**
 * Converts `v` to a promise.
 *
 * If `v` is a promise, made with avow_follow(), the function returns that
 * promise. An error rejects. A thenable is adopted: its `then` function is
 * called from a job.
 *
 * @settles with `v`; if `v` is a promise or a thenable, as `v` does
 * @rejects the code of `v` if `v` is an error
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
 * @rejects the code of `error`
 * @rejects AVOW_EREASON if `error` is not an error; `error` is its cause
 * @cancel  Has no effect, because the promise is settled.
 * @see     ECMA-262, Promise.reject
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_promise_reject(uv_loop_t *loop,
                                                           avow_value_t error);

/**
 * Calls `fn` inside this call and converts its result to a promise.
 *
 * @settles as the value or promise that `fn` returned
 * @rejects the code of the error that `fn` returned
 * @rejects UV_EINVAL if `fn` is NULL
 * @cancel  Cancels the promise that `fn` returned.
 * @see     ECMA-262, Promise.try
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_try(uv_loop_t *loop, avow_fn fn,
                                                void *data);

/**
 * Resolves the promise of `d` with `v`.
 *
 * A value fulfills the promise and an error rejects it. If `v` is a promise or
 * a thenable, the promise adopts it: it settles later, as `v` does. If `v` is
 * the promise of `d` itself, the promise rejects with AVOW_ECYCLE. The call
 * takes ownership of `d`, so each reference to a deferred can be used for one
 * call.
 *
 * @returns true if this call resolved the promise; false if it was resolved
 *          before, by another holder of the deferred or by a cancellation; `v`
 *          is then released
 * @see     ECMA-262, Promise Resolve Functions
 */
AVOW_API bool avow_resolve(avow_deferred_t *d, avow_value_t v);

/**
 * Rejects the promise of `d` with `error`.
 *
 * If `error` is not an error, the reason is AVOW_EREASON and `error` is its
 * cause. A promise that is passed as `error` is not adopted. The call takes
 * ownership of `d`.
 *
 * A promise whose reason holds that promise is never freed, because references
 * are counted. Promises that hold each other by their values are never freed
 * either. Checked builds print the promises of such a ring in
 * avow_loop_close().
 *
 * @returns true if this call rejected the promise; false if it was resolved
 *          before, by another holder of the deferred or by a cancellation;
 *          `error` is then released
 * @see     ECMA-262, Promise Reject Functions
 */
AVOW_API bool avow_reject(avow_deferred_t *d, avow_value_t error);

/**
 * Adds a reference to `d` for one more holder.
 *
 * Each holder must settle or drop its own reference. The first holder that
 * settles decides.
 */
AVOW_API avow_deferred_t *avow_deferred_ref(const avow_deferred_t *d);

/**
 * Releases a reference to `d`, which may be NULL, without settling.
 *
 * If the promise is not resolved and this was the last reference, the promise
 * rejects with AVOW_EBROKEN.
 */
AVOW_API void avow_deferred_drop(avow_deferred_t *d);

/**
 * Calls a handler from a job when `p` has settled.
 *
 * `on_fulfilled` gets the value and `on_rejected` gets the error. If the
 * handler for the outcome is NULL, the returned promise settles as `p` does.
 *
 * @settles as the value or promise that the handler returned; without a handler
 *          as `p` does
 * @rejects the code of the error that the handler returned
 * @rejects AVOW_ECYCLE if the handler returned this very promise
 * @cancel  Cancels `p`, and `on_rejected` gets UV_ECANCELED. If `p` has other
 *          references, the returned promise rejects at once, `p` continues, and
 *          no handler is called. If `p` has settled, the handler still runs,
 *          and a promise that it returns is canceled.
 * @see     ECMA-262, Promise.prototype.then
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_then(avow_promise_t *p,
                                                 avow_cb on_fulfilled,
                                                 avow_cb on_rejected,
                                                 void *data);

/**
 * Calls `on_rejected` from a job if `p` rejects.
 *
 * The call is an avow_then() without a handler for the value. A handler that
 * starts another attempt must not do so for UV_ECANCELED, because the result is
 * no longer wanted. It must return that error: avow_value_ref(arg).
 *
 * A handler that gets UV_ECANCELED is a clean-up: the cancellation that started
 * the handler does not cancel the promise that the handler returns. A later
 * avow_cancel() cancels that promise.
 *
 * @settles as `p` does if `p` fulfills; otherwise as the value or promise that
 *          `on_rejected` returned
 * @rejects the code of the error that `on_rejected` returned
 * @rejects AVOW_ECYCLE if `on_rejected` returned this very promise
 * @cancel  Cancels `p`, and `on_rejected` gets UV_ECANCELED. If `p` has other
 *          references, the returned promise rejects at once, `p` continues, and
 *          no handler is called. If `p` has settled, the handler still runs,
 *          and a promise that it returns is canceled.
 * @see     ECMA-262, Promise.prototype.catch
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_catch(avow_promise_t *p,
                                                  avow_cb on_rejected,
                                                  void *data);

/**
 * Calls `on_settled` when `p` has settled, and waits for what it returns.
 *
 * `on_settled` is called whether `p` fulfills or rejects, even if `p` or the
 * returned promise is canceled. If `on_settled` is NULL, the returned promise
 * settles as `p` does.
 *
 * If the program is out of memory, the call uses memory that each loop keeps in
 * reserve for 64 promises. When the reserve is used up, `on_settled` is called
 * inside the call.
 *
 * @settles as `p` does, after `on_settled` and the promise that it returned
 * @rejects the code of the error with which `on_settled` failed
 * @cancel  Cancels `p`, and `on_settled` is called. If `p` has other
 *          references, `on_settled` is called without waiting for `p`. This
 *          cancellation does not cancel the promise that `on_settled` returned.
 *          A later cancellation does, unless that promise is an avow_shield().
 *          After a later cancellation the returned promise rejects with the
 *          error of `p`, or with UV_ECANCELED if `p` fulfilled.
 * @see     ECMA-262, Promise.prototype.finally
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_finally(avow_promise_t *p,
                                                    avow_fn on_settled,
                                                    void *data);

/**
 * Calls `free_fn` with `data` from a job when `p` has settled.
 *
 * Handlers earlier in the chain may use `data` until `free_fn` is called. If
 * `free_fn` is NULL, the returned promise settles as `p` does. A combinator
 * does not wait for its losers, so end each input that uses data with an
 * avow_attach() of its own.
 *
 * If the program is out of memory, the call uses memory that each loop keeps in
 * reserve for 64 promises. When the reserve is used up, `free_fn` is called
 * inside the call if `p` has settled. If `p` is pending, `data` is never freed,
 * because handlers may still use it.
 *
 * @settles as `p` does, after `free_fn` has returned
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
 * `outcome` is borrowed: the value, or the error if the promise rejected.
 *
 * @called  on the loop's thread, from a job; inside avow_on_settled() if memory
 *          runs out and the reserve of the loop is used up
 */
typedef void (*avow_settled_cb)(const avow_value_t *outcome, void *data);

/**
 * Calls `cb` once from a job when `p` has settled.
 *
 * The handler returns nothing, so that a foreign-function interface that cannot
 * return a struct can define it. The call counts as handling a rejection of
 * `p`. The handlers of `p`, including `cb`, run in the order in which they were
 * registered. Closing the loop calls `cb`, too. To cancel `p` later, pass
 * avow_ref(p) and keep `p`. If `cb` is NULL, the call only releases `p`.
 *
 * If the program is out of memory, the call uses memory that each loop keeps in
 * reserve for 64 promises. When the reserve is used up, `cb` runs inside the
 * call: with the outcome of `p`, or with UV_ENOMEM if `p` is pending. A pending
 * `p` is then canceled, unless it has other references.
 */
AVOW_API void avow_on_settled(avow_promise_t *p, avow_settled_cb cb,
                              void *data);

/**
 * Adds a reference to `p`, to use `p` once more.
 *
 * @settles as `p` does, because it is `p`
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_ref(const avow_promise_t *p);

/**
 * Releases a reference to `p`, which may be NULL.
 *
 * The call cancels nothing: the work behind `p` continues.
 */
AVOW_API void avow_unref(avow_promise_t *p);

/** Releases a reference to `*p`, which may be NULL, and sets `*p` to NULL. */
AVOW_API void avow_promise_clear(avow_promise_t **p);

/**
 * Gives `p` a name for dumps, reports and the debugger.
 *
 * The name appears in avow_loop_dump(), in the report of an unhandled
 * rejection, in avow_job_t and in gdb. `name` is not copied: it must stay
 * valid, as a string literal does. If it is NULL, `p` has no name.
 *
 * Only pending promises can have a name, and only those of avow_promise_new(),
 * of avow_async(), and of most operations, such as avow_work(). For any other
 * promise the call has no effect. A promise that adopts another promise loses
 * its name.
 */
AVOW_API void avow_promise_set_name(const avow_promise_t *p, const char *name);

/**
 * Moves the promise out of `*p` and sets `*p` to NULL.
 *
 * Use it to pass a promise to a function that takes ownership.
 *
 * @settles as `*p` did before the call, because it is that promise
 */
AVOW_INLINE avow_promise_t *avow_promise_steal(avow_promise_t **p) {
  avow_promise_t *stolen = *p;
  *p = NULL;
  return stolen;
}

/**
 * Tells whether `p` is pending, fulfilled or rejected.
 *
 * A settled promise never changes its state. The call does not count as
 * handling a rejection.
 *
 * @returns the state
 */
AVOW_API avow_state_t avow_state(const avow_promise_t *p);

/**
 * Reads the value or the error of `p`.
 *
 * The call counts as handling a rejection, unless avow_options_t.on_reject is
 * set.
 *
 * @returns the value, or the error if `p` is rejected; NULL while `p` is
 *          pending. Valid until the caller releases `p`.
 */
AVOW_API const avow_value_t *avow_result(const avow_promise_t *p);

/**
 * Runs the loop of `p` until `p` settles; for main() and for tests.
 *
 * The program may call avow_run() in a callback of libuv. The call then runs
 * the loop recursively, and the outer avow_run() or uv_run() continues when the
 * call has returned. uv_stop() does not end avow_run().
 *
 * @returns the value or the error of `p`, which the caller owns
 * @error   AVOW_EIDLE if nothing is left to run while `p` is pending
 * @error   AVOW_EMISUSE if the caller is a handler, an async function or a
 *          callback of avow_on_cancel() of that loop, which is misuse
 * @blocks  until `p` settles or nothing is left to run
 * @see     uv_run()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_run(avow_promise_t *p);

/**
 * Calls `step` until it returns an error or a value other than NONE.
 *
 * Each call is made from a job of its own, and the memory use stays constant.
 * If `step` returns NONE, or a promise that fulfills with NONE, it is called
 * again.
 *
 * @settles as the first value that is not NONE, from `step` or from the promise
 *          that it returned
 * @rejects the code of the first error, from `step` or from that promise
 * @rejects UV_EINVAL if `step` is NULL
 * @cancel  Cancels the promise that `step` returned. `step` is not called
 *          again, even if that promise fulfills with NONE.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_repeat(uv_loop_t *loop,
                                                   avow_fn step, void *data);

AVOW_HEADER_END

#endif
