/* SPDX-License-Identifier: MIT */
/*
 * Checks of what comments promise. docs/invariants.md numbers the invariants,
 * and AVOW__HOLDS() asserts one of them by its number. The build option
 * AVOW_CHECK enables checks whose cost grows with the number of objects.
 */
#ifndef AVOW_CHECK_H
#define AVOW_CHECK_H

#include <assert.h>

#define AVOW__HOLDS(number, what) assert((number) > 0 && (what))

/* A function that checks, or NULL in builds without AVOW_CHECK. */
#ifdef AVOW_CHECK
#  define AVOW__CHECKED(fn) fn
#else
#  define AVOW__CHECKED(fn) NULL
#endif

#endif
