/* SPDX-License-Identifier: MIT */
/*
 * Places in the program. Trace builds record which call of the program made a
 * promise, settled a deferred or awaits. A place is an address inside that
 * call. It is NULL in other builds, and on systems without an unwinder.
 */
#ifndef AVOW_BACKTRACE_H
#define AVOW_BACKTRACE_H

#include "engine/block.h"

#ifdef AVOW_BACKTRACE
/* The place in the innermost function on the stack that does not belong to
   avow. */
const void *avow__program_caller(void);

/* The text of a place: "function+0x1f (program 0x12a0)", or "program 0x12a0" if
   no symbol covers it. Valid until the next call on this thread. NULL if
   `place` is NULL. */
const char *avow__caller_text(const void *place);
#else
static inline const void *avow__program_caller(void) {
  return NULL;
}

static inline const char *avow__caller_text(const void *place) {
  (void) place;
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
  return avow__caller_text(avow__caller_of(p));
}

#endif
