/* What debug builds say when an async function needs more stack than it has. */
#ifndef AVOW_OVERFLOW_H
#define AVOW_OVERFLOW_H

#include "misuse.h"
#include "watch.h"

/* The sanitizers' own handlers know as much. */
#if AVOW__DEBUG && !AVOW__ASAN && !AVOW__TSAN && !defined(_WIN32)
#  define AVOW__OVERFLOW 1
/* Has this thread report it, from now on. */
void avow__overflow_watch(void);
#else
#  define AVOW__OVERFLOW 0
static inline void avow__overflow_watch(void) {
}
#endif

#endif
