/* SPDX-License-Identifier: MIT */
/*
 * avow @VERSION@: promises for programs on libuv, in one file.
 *
 *   cc -c @NAME@.c
 *
 * Link it with libuv. AVOW_CHECKED=1 makes a library that reports misuse, and
 * AVOW_CHECKED=0 one that does not. Without it, the library is checked unless
 * NDEBUG is defined. This file is generated: change the sources of avow.
 */
#ifndef AVOW_CHECKED
#  ifdef NDEBUG
#    define AVOW_CHECKED 0
#  else
#    define AVOW_CHECKED 1
#  endif
#endif
#undef NDEBUG
#if !AVOW_CHECKED
#  define NDEBUG 1
#endif

/* The functions of the system that avow uses. */
#ifndef _GNU_SOURCE
#  define _GNU_SOURCE 1
#endif
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

/* How async functions switch stacks: assembly, or makecontext(), which only
   some C libraries have. */
#if defined(__GNUC__) && (defined(__ELF__) || defined(__APPLE__)) && \
    (defined(__aarch64__) || (defined(__x86_64__) && defined(__LP64__)))
#  define AVOW_SWITCH_ASM 1
#elif !defined(_WIN32)
/* Its longjmp() rejects jumps to another stack. The headers of the system read
   this macro. */
#  undef _FORTIFY_SOURCE
#endif

#include <stdlib.h>

/* Messages of a checked library name functions, if that needs no other
   library. */
#ifdef __APPLE__
#  define AVOW_DLADDR 1
#elif defined(__GLIBC__)
#  if __GLIBC_PREREQ(2, 34)
#    define AVOW_DLADDR 1
#  endif
#endif

/* Sanitizers need to see each block of memory. */
#ifndef AVOW_NO_POOL
#  if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define AVOW_NO_POOL 1
#  elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
        __has_feature(thread_sanitizer)
#      define AVOW_NO_POOL 1
#    endif
#  endif
#endif

#define AVOW_BUILDING 1

#include "@NAME@.h"

/* Tests of private functions define this as nothing. */
#ifndef AVOW__PRIVATE
#  define AVOW__PRIVATE static
#endif

/* For functions that exist only with async functions. Without these, they are
   declared and never called. */
#ifdef AVOW_NO_ASYNC
#  define AVOW__PRIVATE_ASYNC AVOW__HIDDEN
#else
#  define AVOW__PRIVATE_ASYNC AVOW__PRIVATE
#endif

/* Some functions are for parts or builds that this file lacks. gcc sees many
   functions at a time here, and warns of paths that cannot be taken. */
#ifdef __GNUC__
#  pragma GCC diagnostic ignored "-Wunused-function"
#  pragma GCC diagnostic ignored "-Wunused-variable"
#  pragma GCC diagnostic ignored "-Wunused-parameter"
#  ifdef __clang__ /* a constant of the assembly */
#    pragma clang diagnostic ignored "-Wdollar-in-identifier-extension"
#  else
#    pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#    pragma GCC diagnostic ignored "-Wformat-truncation"
#    pragma GCC diagnostic ignored "-Wstringop-overflow"
#  endif
#endif

/* A line of assembly, in which macros are replaced. */
#define AVOW__ASM(...)      AVOW__ASM_TEXT(__VA_ARGS__)
#define AVOW__ASM_TEXT(...) #__VA_ARGS__ "\n"
