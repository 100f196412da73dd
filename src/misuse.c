/*
 * What happens when a program breaks the contract: in debug builds one line
 * that says what to do instead, and the end; in release builds nothing here.
 */
#include "misuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void avow__misuse(const char *format, ...) {
#if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  (void) fputs("avow: ", stderr); /* stderr is all there is to report to */
  (void) vfprintf(stderr, format, args);
  (void) fputc('\n', stderr);
  va_end(args);
  abort();
#else
  (void) format;
#endif
}
