/* SPDX-License-Identifier: MIT */
/* Hints to compilers that go beyond C11, where the compiler supports them. */
#ifndef AVOW_COMPILER_H
#define AVOW_COMPILER_H

#if defined(__GNUC__)
#  define AVOW__LIKELY(x)   __builtin_expect(!!(x), 1)
#  define AVOW__UNLIKELY(x) __builtin_expect(!!(x), 0)
/* Marks a function that the compiler must not inline, so that the common path
   of its callers stays short. */
#  define AVOW__APART __attribute__((noinline))
/* Marks a variable whose address `fn` receives when the variable's scope ends,
   even by an exception. */
#  define AVOW__AT_EXIT(fn) __attribute__((cleanup(fn)))
/* Marks a function that runs when the library is unloaded or the process exits.
 */
#  define AVOW__AT_UNLOAD __attribute__((destructor))
/* The call of the function that contains it: the address before the one to
   which the function returns, which may belong to the next line. */
#  define AVOW__RETURNS_TO \
    ((const void *) ((const char *) __builtin_return_address(0) - 1))
/* The address of the frame of the function that contains it. */
#  define AVOW__FRAME __builtin_frame_address(0)
#else
#  define AVOW__LIKELY(x)   (x)
#  define AVOW__UNLIKELY(x) (x)
#  define AVOW__APART
#  define AVOW__AT_EXIT(fn)
#  define AVOW__AT_UNLOAD
#  define AVOW__RETURNS_TO NULL
#  define AVOW__FRAME      NULL
#endif

/* Marks a variable that no other library can see or replace. The compiler can
   then address it directly. */
#if defined(__GNUC__) && !defined(_WIN32)
#  define AVOW__HIDDEN __attribute__((visibility("hidden")))
#else
#  define AVOW__HIDDEN
#endif

#endif
