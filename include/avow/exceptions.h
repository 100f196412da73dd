/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of C++ in async functions. Those in flight (caught and not done
 * with, or on their way) belong to a function, not to its thread: while it
 * waits inside a catch block, another's are not in its way. What a function
 * throws, and does not catch, rejects its promise. So that a library in C can
 * see to both, whoever compiles async.h as C++ hands in what the C++ runtime
 * has for it. Not part of what programs call.
 */
#ifndef AVOW_EXCEPTIONS_H
#define AVOW_EXCEPTIONS_H

#include "avow/promise.h"

#ifndef AVOW_NO_ASYNC

AVOW_HEADER_BEGIN

/** What the C++ runtime has for exceptions in flight. */
typedef struct avow_exceptions_s {
  /** Where the runtime keeps those in flight on this thread. */
  void *(*globals)(void);
  /** Calls fn; what it throws is an error then. */
  avow_value_t (*call)(avow_fn fn, void *data);
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_exceptions_t;

/** avow_async() of a function that may throw. Borrows with, for good. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_async_throwing(
    uv_loop_t *loop, avow_fn fn, void *data, const avow_exceptions_t *with);

/** avow_await() where there may be exceptions in flight, kept in globals. */
AVOW_API avow_value_t avow_await_throwing(avow_promise_t *p, void *globals);

AVOW_HEADER_END

#  if defined(__cplusplus) && defined(__EXCEPTIONS) && !defined(_MSC_VER)

/* What async.h declares is made of that here. */
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
/** What async.h declares is the library's. */
#    define AVOW_ASYNC_API AVOW_API
#  endif

#endif

#endif
