/* SPDX-License-Identifier: MIT */
/* Replaces the reporting of base/misuse.c. A misuse fails the run, in release
   builds as well. The program continues as in a release build until the
   iteration ends. Outside a run, misuse behaves as usual. */
#include "sim/seam.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "sim/event_log.h"
#include "sim/world.h"

enum { LONGEST = 240 };

void avow__misuse(const char *format, ...) {
  char text[LONGEST];
  va_list args;
  va_start(args, format);
  (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (sim_is_on()) {
    sim_fail("%s", text);
    return;
  }
#if AVOW__DEBUG
  avow_misuse(text);
#endif
}

void avow__advise(const char *format, ...) {
  char text[LONGEST];
  va_list args;
  va_start(args, format);
  (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (sim_is_on())
    sim_note("%s", text);
#if AVOW__DEBUG
  else
    avow__log("%s", text);
#endif
}
