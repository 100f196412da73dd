/* Telling the program about its mistakes. */
#ifndef AVOW_MISUSE_H
#define AVOW_MISUSE_H

#include "avow/config.h"
#include "compiler.h"

/* Debug builds print what to do instead and abort; release builds go on, and
   the caller degrades to an error. */
void avow__misuse(const char *format, ...) AVOW_PRINTF(1, 2);

/* Debug builds print it and go on, as release builds do without a word. */
void avow__advise(const char *format, ...) AVOW_PRINTF(1, 2);

/* Says that what a function cannot do without is NULL. */
void avow__misuse_of_null(const char *what);

#ifdef NDEBUG
#  define AVOW__DEBUG 0
#else
#  define AVOW__DEBUG 1
#endif

#endif
