/* SPDX-License-Identifier: MIT */
/* What a compiler can be told beyond C11, where it listens. */
#ifndef AVOW_COMPILER_H
#define AVOW_COMPILER_H

#if defined(__GNUC__)
#  define AVOW__LIKELY(x)   __builtin_expect(!!(x), 1)
#  define AVOW__UNLIKELY(x) __builtin_expect(!!(x), 0)
/* Marks a function that is not made part of its callers, so that their usual
   way stays short. */
#  define AVOW__APART __attribute__((noinline))
/* Marks a variable: fn gets its address when it goes, by an exception too. */
#  define AVOW__AT_EXIT(fn) __attribute__((cleanup(fn)))
/* A function that runs when the library is unloaded, or the process exits. */
#  define AVOW__AT_UNLOAD __attribute__((destructor))
#else
#  define AVOW__LIKELY(x)   (x)
#  define AVOW__UNLIKELY(x) (x)
#  define AVOW__APART
#  define AVOW__AT_EXIT(fn)
#  define AVOW__AT_UNLOAD
#endif

/* Variables that no other library can see or replace are reached directly. */
#if defined(__GNUC__) && !defined(_WIN32)
#  define AVOW__HIDDEN __attribute__((visibility("hidden")))
#else
#  define AVOW__HIDDEN
#endif

#endif
