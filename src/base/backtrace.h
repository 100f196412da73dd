/* SPDX-License-Identifier: MIT */
/*
 * Places in the program. Trace builds record which call of the program made a
 * promise, settled a deferred or awaits. A place is an address inside that
 * call. It is NULL in other builds, and on systems without an unwinder.
 */
#ifndef AVOW_BACKTRACE_H
#define AVOW_BACKTRACE_H

#include <stddef.h>

#ifdef AVOW_BACKTRACE
/* The place in the innermost function on the stack that does not belong to
   avow. */
const void *avow__program_caller(void);
#else
#  define avow__program_caller() ((const void *) NULL)
#endif

#endif
