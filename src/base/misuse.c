/* SPDX-License-Identifier: MIT */
/*
 * What happens when a program breaks the contract: in debug builds one line
 * that says what to do instead, and the end; in release builds nothing here.
 * What may end badly some day is a line alone.
 */
#include "base/misuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if AVOW__DEBUG
static void say(const char *format, va_list args) {
  (void) fputs("avow: ", stderr); /* stderr is all there is to report to */
  (void) vfprintf(stderr, format, args);
  (void) fputc('\n', stderr);
}
#endif

void avow__misuse(const char *format, ...) {
#if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  say(format, args);
  va_end(args);
  abort();
#else
  (void) format;
#endif
}

void avow__advise(const char *format, ...) {
#if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  say(format, args);
  va_end(args);
#else
  (void) format;
#endif
}
