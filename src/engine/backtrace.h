/* SPDX-License-Identifier: MIT */
/*
 * Places in the program: trace builds note which call of the program's made a
 * promise, settled a deferred or awaits. A place is an address inside that
 * call. It is NULL in other builds, and where the system has no unwinder.
 */
#ifndef AVOW_BACKTRACE_H
#define AVOW_BACKTRACE_H

#include "engine/block.h"

#ifdef AVOW_BACKTRACE
/* The place in the innermost function on the stack that is not avow's. */
const void *avow__program_caller(void);

/* "function+0x1f (program 0x12a0)", or "program 0x12a0" where no symbol has
   the function, in memory of the thread's that the next call uses again; NULL
   for NULL. */
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

/* The call that made p. */
static inline const void *avow__caller_of(const avow_promise_t *p) {
#ifdef AVOW_TRACE
  return p->caller;
#else
  return (void) p, NULL;
#endif
}

/* Its text. */
static inline const char *avow__where(const avow_promise_t *p) {
  return avow__caller_text(avow__caller_of(p));
}

#endif
