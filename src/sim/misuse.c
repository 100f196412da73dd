/* SPDX-License-Identifier: MIT */
/* Replaces the reporting of base/misuse.c. A misuse fails the run, in release
   builds as well. The program continues as in a release build until the
   iteration ends. Outside a run, misuse behaves as usual. */
#include "sim/seam.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/event_log.h"
#include "sim/world.h"

enum { LONGEST = 240 };

static void misuse_say(const char *text) {
#if AVOW__DEBUG
  (void) fprintf(stderr, "avow: %s\n", text); /* there is no other place to
                                                 report to */
#endif
}

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
  misuse_say(text);
#if AVOW__DEBUG
  abort();
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
  else
    misuse_say(text);
}
