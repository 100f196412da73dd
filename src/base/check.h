/* SPDX-License-Identifier: MIT */
/*
 * Looking whether what comments promise is so. docs/invariants.md numbers the
 * invariants; AVOW__HOLDS() asserts one of them, by its number. What takes time
 * in proportion to what is there is a build option, AVOW_CHECK.
 */
#ifndef AVOW_CHECK_H
#define AVOW_CHECK_H

#include <assert.h>

#define AVOW__HOLDS(number, what) assert((number) > 0 && (what))

/* A function that looks, or NULL where nobody asks for it. */
#ifdef AVOW_CHECK
#  define AVOW__CHECKED(fn) fn
#else
#  define AVOW__CHECKED(fn) NULL
#endif

#endif
