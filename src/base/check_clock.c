/* SPDX-License-Identifier: MIT */
#include "base/check_clock.h"

#include <time.h>
#include <uv.h>

#if AVOW__DEBUG

enum { S = 1000 * 1000 * 1000 };

uint64_t avow__check_clock(void) {
#  ifdef CLOCK_MONOTONIC_COARSE
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0)
    return (uint64_t) now.tv_sec * S + (uint64_t) now.tv_nsec;
#  endif
  return uv_hrtime(); /* this system has no such clock */
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
