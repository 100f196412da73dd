/* SPDX-License-Identifier: MIT */
/*
 * The version of avow, and macros that the other public headers use.
 *
 * The build reads the version from this header. docs/interface.md describes
 * what stays compatible from one version to the next.
 */
#ifndef AVOW_CONFIG_H
#define AVOW_CONFIG_H

/* uv.h needs POSIX, which glibc hides in strict modes such as -std=c11. */
#ifdef __linux__
#  include <pthread.h>
#  if defined(__GLIBC__) && !defined(PTHREAD_RWLOCK_INITIALIZER)
#    error "uv.h needs POSIX: pass -std=gnu11, or -D_POSIX_C_SOURCE=200809L"
#  endif
#endif
#include <uv.h>

/** The major version of the headers with which a program is compiled. */
#define AVOW_VERSION_MAJOR 0

/** The minor version of the headers with which a program is compiled. */
#define AVOW_VERSION_MINOR 1

/** The patch version of the headers with which a program is compiled. */
#define AVOW_VERSION_PATCH 0

/** The version of the headers with which a program is compiled. */
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

/* Begins the definition of a function in a header. The library defines this
   macro differently, to export a symbol for each of these functions except
   those of auto.h. Bindings to languages that cannot read C use the symbols. */
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
 * Names the version of the library with which the program runs.
 *
 * @returns the version, such as "0.1.0", of a release build; the version and
 *          " (checked)" of a checked build; always valid
 */
AVOW_API const char *avow_version_string(void);

AVOW_HEADER_END

#endif
