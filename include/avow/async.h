/* SPDX-License-Identifier: MIT */
/*
 * Async functions, which can wait for promises: async and await in plain C.
 *
 * An async function has a stack of its own, from a pool. While the function
 * awaits, the loop continues. All async functions of a loop run on the loop's
 * thread, one at a time, and share the thread-local variables of that thread.
 * Each async function has its own rounding mode, which it inherits from its
 * caller. On x86-64 and aarch64, each async function also has its own mask of
 * floating-point traps.
 *
 * If a function needs more stack than it has, the function touches the guard,
 * which is inaccessible memory below the stack, and the process ends. A frame
 * that is larger than the guard can miss the guard and overwrite other memory.
 * The compiler option -fstack-clash-protection, which the pkg-config file of
 * avow adds, prevents this. docs/stacks.md has the sizes and costs of stacks
 * and guards.
 *
 * Each async function has its own C++ exception state. The function may await
 * inside a catch block, or while an exception unwinds its stack. If an async
 * function throws and C++ code started it, its promise rejects: with UV_ENOMEM
 * for std::bad_alloc, otherwise with AVOW_ETHROWN and the text of what(). If C
 * code started the function, the exception ends the process with
 * std::terminate(). A longjmp() must not leave the stack of the function.
 *
 * Builds with -Dasync=disabled have none of these functions.
 */
#ifndef AVOW_ASYNC_H
#define AVOW_ASYNC_H

#include "avow/exceptions.h"
#include "avow/promise.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/**
 * Calls `fn` on a stack of its own, inside this call.
 *
 * The call returns when `fn` first awaits or returns. avow_options_t sets the
 * size of the stack.
 *
 * @settles with the value, or with the outcome of the promise, that `fn`
 *          returned
 * @rejects with the error that `fn` returned
 * @rejects UV_EAGAIN if avow_options_t.max_stacks functions are active, or if
 *          the system permits no more mappings
 * @rejects UV_ENOMEM if there is no memory for a stack
 * @rejects UV_EINVAL if `fn` is NULL
 * @cancel  The current await of `fn`, or the next await of a pending promise,
 *          returns UV_ECANCELED. If a handler of the awaited promise recovers
 *          from that error, `fn` does not learn of the cancellation. Later
 *          awaits wait normally, so that `fn` can clean up. A later
 *          cancellation cancels the promise that `fn` awaits then, unless
 *          avow_shield() protects it.
 * @see     ECMA-262, AsyncFunctionStart
 */
AVOW_ASYNC_API AVOW_MUST_USE avow_promise_t *avow_async(uv_loop_t *loop,
                                                        avow_fn fn, void *data);

/**
 * Waits until `p` settles, while the loop continues.
 *
 * The call is permitted in an async function and in the functions that it
 * calls. It is not permitted in a handler or in another callback of avow. If
 * `p` has settled already, the jobs that were queued before run first.
 *
 * @returns the value or the error of `p`
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 * @error   AVOW_EMISUSE if `p` belongs to another loop
 * @see     ECMA-262, Await
 */
AVOW_ASYNC_API AVOW_MUST_USE avow_value_t avow_await(avow_promise_t *p);

/* Used by the functions below. Takes ownership of `v`. The tag AVOW_NONE stands
   for any type. */
AVOW_API AVOW_MUST_USE avow_value_t avow_awaited(avow_value_t v, uint32_t tag,
                                                 const avow_class_t *klass,
                                                 avow_value_t *out);

/**
 * Waits until `p` settles and stores its value in `*out`.
 *
 * Use it with AVOW_TRY(): AVOW_TRY(avow_await_value(p, &v)).
 *
 * @returns NONE; the caller owns the value in `*out`
 * @error   with the error of `p`; `*out` is unchanged
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_value(avow_promise_t *p,
                                                        avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_NONE, NULL, out);
}

/**
 * Waits until `p` fulfills with an INT and stores the number in `*out`.
 *
 * Use it with AVOW_TRY(): AVOW_TRY(avow_await_int(p, &n)).
 *
 * @returns NONE
 * @error   with the error of `p`; `*out` is unchanged
 * @error   AVOW_EMISUSE if the value has another type
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_int(avow_promise_t *p,
                                                      int64_t *out) {
  avow_value_t v = avow_none();
  const avow_value_t error =
      avow_awaited(avow_await(p), AVOW_INT, NULL, out != NULL ? &v : NULL);
  if (out != NULL && !avow_is_error(&error))
    *out = avow_to_int(&v);
  return error;
}

/**
 * Waits until `p` fulfills with BYTES and stores them in `*out`.
 *
 * If `p` fulfills with NONE, which is the end of a stream, NONE is stored.
 *
 * @returns NONE; the caller owns the BYTES or NONE in `*out`
 * @error   with the error of `p`; `*out` is unchanged
 * @error   AVOW_EMISUSE if the value has another type
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_bytes(avow_promise_t *p,
                                                        avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_BYTES, NULL, out);
}

/**
 * Waits until `p` fulfills with a LIST and stores it in `*out`.
 *
 * @returns NONE; the caller owns the LIST in `*out`, which may be empty
 * @error   with the error of `p`; `*out` is unchanged
 * @error   AVOW_EMISUSE if the value has another type
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_list(avow_promise_t *p,
                                                       avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_LIST, NULL, out);
}

/**
 * Waits until `p` fulfills with an OBJECT whose class is `klass`.
 *
 * @returns NONE; the caller owns the OBJECT in `*out`
 * @error   with the error of `p`; `*out` is unchanged
 * @error   AVOW_EMISUSE if the value has another class or type
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_object(
    avow_promise_t *p, const avow_class_t *klass, avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_OBJECT, klass, out);
}

/**
 * Waits until `p` settles and releases its value.
 *
 * @returns NONE
 * @error   with the error of `p`
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_done(avow_promise_t *p) {
  const avow_value_t v = avow_await(p);
  if (avow_is_error(&v))
    return v;
  avow_value_unref(v);
  return avow_none();
}

AVOW_HEADER_END

#endif

#endif
