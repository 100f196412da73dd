/* SPDX-License-Identifier: MIT */
/*
 * Functions that wait: async and await in plain C. An async function has a
 * stack of its own, from a pool; where it awaits, that stack is parked and the
 * loop goes on. All of a loop's functions run on the loop's thread, one at a
 * time and only ever on that thread: what is thread-local stays what it was.
 * How numbers are rounded is a function's own, too, and begins as its caller
 * has it; on x86-64 and aarch64 so is which of their exceptions trap.
 *
 * A function that needs more stack than it has ends the process when it touches
 * the guard below. A frame larger than stack and guard misses that; programs
 * with such frames, or arrays whose size they are told, are to be compiled with
 * -fstack-clash-protection (as avow's pkg-config file says). docs/stacks.md has
 * what stacks and guards cost.
 *
 * In C++ exceptions that are caught, or on their way, while a function awaits
 * are its own; what it throws and does not catch rejects its promise: with
 * AVOW_ETHROWN and the text of what(), or UV_ENOMEM for std::bad_alloc.
 * One that leaves a function which C has started finds nobody who catches it,
 * and std::terminate() ends the process. So does one that leaves a handler, or
 * whatever else avow calls, or it would leave the loop in the middle of its
 * queue: where somebody catches it beyond, the process ends with advice. A
 * longjmp() within one function's stack is its own affair; it must not go from
 * one stack to another.
 *
 * Builds with -Dasync=disabled have nothing of this.
 */
#ifndef AVOW_ASYNC_H
#define AVOW_ASYNC_H

#include "avow/exceptions.h"
#include "avow/promise.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/**
 * Calls fn now, on a stack of its own (avow_options_t has its size), and
 * returns when fn first awaits, or at its end; the promise is resolved with
 * what fn returns, as by avow_try() (ECMA-262, AsyncFunctionStart). UV_ENOMEM
 * if there is no memory for a stack, UV_EAGAIN past max_stacks or where the
 * system allows no more mappings, UV_EINVAL without fn. A cancelled function
 * learns of it from the await that it is in, or from the next that has to wait:
 * that gives UV_ECANCELED. If a handler of the promise that it awaits makes a
 * value of that, the function does not hear of it. Later awaits wait normally,
 * so that the function can clean up. A cancellation that comes while one of
 * them waits cancels that one, unless it awaits an avow_shield().
 */
AVOW_ASYNC_API AVOW_MUST_USE avow_promise_t *avow_async(uv_loop_t *loop,
                                                        avow_fn fn, void *data);

/**
 * Waits until p settles and gives its value or error, which is the caller's:
 * avow_value_unref() it, or return it. Others run meanwhile; also when p is
 * settled, for one job (ECMA-262, Await). Only in an async function and in what
 * it calls, though not in what avow calls back: elsewhere AVOW_ENOTASYNC;
 * AVOW_EMISUSE if p belongs to another loop.
 */
AVOW_ASYNC_API AVOW_MUST_USE avow_value_t avow_await(avow_promise_t *p);

/**
 * Awaits that know what they wait for. Each gives none, and the value, which
 * is the caller's, in *out; or it gives the error, whole and the caller's, and
 * leaves *out alone: AVOW_TRY(avow_await_int(p, &n)). A value of another type
 * is a mistake of the program, as for avow_to_int() and its like, and
 * AVOW_EMISUSE in release builds.
 */

/* What they are made of. Takes v; tag AVOW_NONE stands for any type. */
AVOW_API AVOW_MUST_USE avow_value_t avow_awaited(avow_value_t v, uint32_t tag,
                                                 const avow_class_t *klass,
                                                 avow_value_t *out);

/** For a value of any type. */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_value(avow_promise_t *p,
                                                        avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_NONE, NULL, out);
}

/** For an INT, whose number *out is then. */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_int(avow_promise_t *p,
                                                      int64_t *out) {
  avow_value_t v = avow_none();
  const avow_value_t error =
      avow_awaited(avow_await(p), AVOW_INT, NULL, out != NULL ? &v : NULL);
  if (out != NULL && !avow_is_error(&error))
    *out = avow_to_int(&v);
  return error;
}

/** For BYTES; or NONE, which is the end of a stream, and then *out is none. */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_bytes(avow_promise_t *p,
                                                        avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_BYTES, NULL, out);
}

/** For a LIST, also an empty one. */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_list(avow_promise_t *p,
                                                       avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_LIST, NULL, out);
}

/** For an OBJECT of this very class. */
AVOW_INLINE AVOW_MUST_USE avow_value_t avow_await_object(
    avow_promise_t *p, const avow_class_t *klass, avow_value_t *out) {
  return avow_awaited(avow_await(p), AVOW_OBJECT, klass, out);
}

/** For any value, which nobody wants: it is let go of. */
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
