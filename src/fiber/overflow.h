/* SPDX-License-Identifier: MIT */
/* Reports of stack overflows of async functions, in checked builds. */
#ifndef AVOW_OVERFLOW_H
#define AVOW_OVERFLOW_H

#include "base/misuse.h"
#include "fiber/sanitizers.h"

/* Whether overflows can be reported, unless the build options say it. The
   handlers of the sanitizers report as much. */
#ifndef AVOW__OVERFLOW
#  if AVOW__DEBUG && !AVOW__ASAN && !AVOW__TSAN && !defined(_WIN32)
#    define AVOW__OVERFLOW 1
#  else
#    define AVOW__OVERFLOW 0
#  endif
#endif

#if AVOW__OVERFLOW
/* Makes this thread report overflows. `reports` belongs to the loop. */
void avow__overflow_report(bool *reports);
/* The loop is closed. After the last loop, nothing is reported any more. */
void avow__overflow_end(bool reports);
#else
#  define avow__overflow_report(reports) ((void) (reports))
#  define avow__overflow_end(reports)    ((void) (reports))
#endif

#endif
