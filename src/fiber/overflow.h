/* SPDX-License-Identifier: MIT */
/* What debug builds can say when an async function needs more stack than it
   has. */
#ifndef AVOW_OVERFLOW_H
#define AVOW_OVERFLOW_H

#include "base/misuse.h"
#include "fiber/sanitizers.h"

/* Whether they can, unless the build says that: the handlers of the sanitizers
   know as much. */
#ifndef AVOW__OVERFLOW
#  if AVOW__DEBUG && !AVOW__ASAN && !AVOW__TSAN && !defined(_WIN32)
#    define AVOW__OVERFLOW 1
#  else
#    define AVOW__OVERFLOW 0
#  endif
#endif

#if AVOW__OVERFLOW
/* Has this thread report it, from now on. */
void avow__overflow_report(void);
#else
static inline void avow__overflow_report(void) {
}
#endif

#endif
