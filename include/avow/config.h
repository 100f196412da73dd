/* SPDX-License-Identifier: MIT */
/*
 * The version, and what the public headers need from the compiler and from
 * libuv.
 *
 * The build reads the version from here. docs/interface.md describes what stays
 * compatible from one version to the next.
 */
#ifndef AVOW_CONFIG_H
#define AVOW_CONFIG_H

/* libuv needs POSIX, which glibc hides in strict standard modes. */
#ifdef __linux__
#  include <pthread.h>
#  if defined(__GLIBC__) && !defined(PTHREAD_RWLOCK_INITIALIZER)
#    error "uv.h needs POSIX: pass -std=gnu11, or -D_POSIX_C_SOURCE=200809L"
#  endif
#endif
#include <uv.h>

/** The major number of the version that a program is compiled with. */
#define AVOW_VERSION_MAJOR 0

/** The minor number of the version that a program is compiled with. */
#define AVOW_VERSION_MINOR 1

/** The patch number of the version that a program is compiled with. */
#define AVOW_VERSION_PATCH 0

/** The version that a program is compiled with, as a string. */
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

/*
 * Programs call the shared library directly through its address, not through a
 * stub in the procedure linkage table. If they link the static library, the
 * linker makes the call direct.
 */
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

/*
 * For functions that headers define. Languages that cannot read C need a symbol
 * of each, so the library defines this macro differently. The functions of
 * auto.h have no symbol.
 */
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

/**
 * Tells the version of the library that the program runs with.
 *
 * @returns the version, such as "0.1.0"; always valid
 */
AVOW_API const char *avow_version_string(void);

AVOW_HEADER_END

#endif
