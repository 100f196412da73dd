/* SPDX-License-Identifier: MIT */
/*
 * Places in the program. Trace builds record which call of the program made a
 * promise, settled a deferred or awaits. A place is an address inside that
 * call. It is NULL in other builds, and on systems without an unwinder.
 */
#ifndef AVOW_BACKTRACE_H
#define AVOW_BACKTRACE_H

#include "base/symbol.h"
#include "engine/block.h"

#ifdef AVOW_BACKTRACE
/* The place in the innermost function on the stack that does not belong to
   avow. */
const void *avow__program_caller(void);
#else
static inline const void *avow__program_caller(void) {
  return NULL;
}
#endif

/* The call that made p; NULL if it is not recorded. */
static inline const void *avow__caller_of(const avow_promise_t *p) {
#ifdef AVOW_TRACE
  return p->caller;
#else
  return (void) p, NULL;
#endif
}

/* The text for the call that made p; NULL if the call is not recorded. */
static inline const char *avow__where(const avow_promise_t *p) {
  return avow__symbol_text(avow__caller_of(p));
}

#endif
