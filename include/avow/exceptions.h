/* SPDX-License-Identifier: MIT */
/*
 * C++ exceptions in async functions.
 *
 * Exceptions that are caught or in flight belong to an async function, not to
 * its thread. So a function can await inside a catch block, and the exceptions
 * of other functions do not disturb it. An exception that a function does not
 * catch rejects its promise.
 *
 * The library is written in C. If a program includes async.h in C++, this
 * header passes the necessary functions of the C++ runtime to the library.
 * Programs do not call the functions of this header.
 */
#ifndef AVOW_EXCEPTIONS_H
#define AVOW_EXCEPTIONS_H

#include "avow/promise.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/** The functions of the C++ runtime that handle exceptions. */
typedef struct avow_exceptions_s {
  /** Finds where the runtime keeps the exceptions of this thread. */
  void *(*globals)(void);
  /** Calls `fn`. If it throws, returns an error. */
  avow_value_t (*call)(avow_fn fn, void *data);
  /** For later versions. Must be zero, otherwise UV_EINVAL. */
  uint64_t reserved[4];
} avow_exceptions_t;

/**
 * Calls the async function `fn`, which may throw C++ exceptions.
 *
 * The library keeps the pointer `with`, which must stay valid as long as the
 * process runs. If `with` is NULL, `fn` must not throw.
 *
 * @settles with the value, or with the outcome of the promise, that `fn`
 *          returned
 * @rejects with the error that `fn` returned, or that `with->call` made of an
 *          exception
 * @rejects UV_EAGAIN if avow_options_t.max_stacks functions are active, or if
 *          the system permits no more mappings
 * @rejects UV_ENOMEM if there is no memory for a stack
 * @rejects UV_EINVAL if `fn` is NULL or `with->reserved` is not zero
 * @cancel  The current await of `fn`, or the next await of a pending promise,
 *          returns UV_ECANCELED, as in avow_async().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_async_throwing(
    uv_loop_t *loop, avow_fn fn, void *data, const avow_exceptions_t *with);

/**
 * Waits until `p` settles; the calling function keeps its exceptions.
 *
 * `globals` is the result of `avow_exceptions_t.globals` on this thread. In all
 * other respects, the call acts as avow_await() does.
 *
 * @returns the value or the error of `p`
 * @error   AVOW_ENOTASYNC outside an async function, which is misuse
 * @error   AVOW_EMISUSE if `p` belongs to another loop
 */
AVOW_API avow_value_t avow_await_throwing(avow_promise_t *p, void *globals);

AVOW_HEADER_END

#  if defined(__cplusplus) && defined(__EXCEPTIONS) && !defined(_MSC_VER)

/* avow_async() and avow_await() are defined with the functions above. */
#    define AVOW_ASYNC_API static inline

#    include <exception>
#    include <new>

#    ifdef __GLIBCXX__
#      include <cxxabi.h>
#    else
namespace __cxxabiv1 {
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals *__cxa_get_globals();
} // namespace __cxxabiv1
#    endif

AVOW_HEADER_BEGIN

static inline void *avow_exceptions_globals(void) {
  return __cxxabiv1::__cxa_get_globals();
}

static inline avow_value_t avow_exceptions_call(avow_fn fn, void *data) {
  try {
    return fn(data);
  } catch (const std::bad_alloc &) {
    return avow_error(UV_ENOMEM);
  } catch (const std::exception &e) {
    return avow_error_new(AVOW_ETHROWN, avow_none(), "%s", e.what());
  } catch (...) {
    return avow_error(AVOW_ETHROWN);
  }
}

static inline AVOW_MUST_USE avow_promise_t *avow_async(uv_loop_t *loop,
                                                       avow_fn fn, void *data) {
  static const avow_exceptions_t with = { avow_exceptions_globals,
                                          avow_exceptions_call,
                                          { 0, 0, 0, 0 } };
  return avow_async_throwing(loop, fn, data, &with);
}

static inline AVOW_MUST_USE avow_value_t avow_await(avow_promise_t *p) {
  return avow_await_throwing(p, avow_exceptions_globals());
}

AVOW_HEADER_END

#  else
/** Linkage of the functions of async.h, which the library defines. */
#    define AVOW_ASYNC_API AVOW_API
#  endif

#endif

#endif
