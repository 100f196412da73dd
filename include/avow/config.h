/* SPDX-License-Identifier: MIT */
/* What each public header needs of the compiler and of libuv; and the version,
   which the build reads from here. docs/interface.md says what stays from one
   version to the next. */
#ifndef AVOW_CONFIG_H
#define AVOW_CONFIG_H

/* libuv needs POSIX, which strict standards hide in the C library of GNU. */
#ifdef __linux__
#  include <pthread.h>
#  if defined(__GLIBC__) && !defined(PTHREAD_RWLOCK_INITIALIZER)
#    error "uv.h needs POSIX: pass -std=gnu11, or -D_POSIX_C_SOURCE=200809L"
#  endif
#endif
#include <uv.h>

/** The first number of the version that a program is compiled with, */
#define AVOW_VERSION_MAJOR 0

/** the second of it, */
#define AVOW_VERSION_MINOR 1

/** and the third. */
#define AVOW_VERSION_PATCH 0

/** All three, as avow_version_string() has them of the library. */
#define AVOW_VERSION "0.1.0"

#if defined(_WIN32) && defined(AVOW_SHARED)
#  ifdef AVOW_BUILDING
#    define AVOW_API __declspec(dllexport)
#  else
#    define AVOW_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__)
#  define AVOW_API __attribute__((visibility("default"))) AVOW_NO_PLT
#else
#  define AVOW_API
#endif

/* Programs call the shared library by the addresses that they have of it, and
   not by a jump to them that is shared by all callers; what is linked into them
   the linker has them call directly. */
#if defined(__has_attribute) && defined(__ELF__) && defined(__x86_64__)
#  if __has_attribute(noplt) && !defined(AVOW_BUILDING)
#    define AVOW_NO_PLT __attribute__((noplt))
#  endif
#endif
#ifndef AVOW_NO_PLT
#  define AVOW_NO_PLT
#endif

#if defined(__GNUC__)
#  define AVOW_MUST_USE __attribute__((warn_unused_result))
#  if defined(__MINGW32__) && !defined(__clang__)
#    define AVOW_PRINTF(fmt, at) __attribute__((format(gnu_printf, fmt, at)))
#  else
#    define AVOW_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))
#  endif
#else
#  define AVOW_MUST_USE
#  define AVOW_PRINTF(fmt, at)
#endif

/* What headers define. The library has each as a symbol, too, for languages
   that cannot read C: it defines this in its own way. Of auto.h it has none. */
#ifndef AVOW_INLINE
#  define AVOW_INLINE static inline
#endif

#ifdef __cplusplus
#  define AVOW_HEADER_BEGIN extern "C" {
#  define AVOW_HEADER_END   }
#else
#  define AVOW_HEADER_BEGIN
#  define AVOW_HEADER_END
#endif

AVOW_HEADER_BEGIN

/** Returns the version of the library that the program runs with, "0.1.0". */
AVOW_API const char *avow_version_string(void);

AVOW_HEADER_END

#endif
