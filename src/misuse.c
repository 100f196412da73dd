/*
 * What happens when a program breaks the contract: in debug builds one line
 * that says what to do instead, and the end; in release builds nothing here.
 * What may end badly some day is a line alone.
 */
#include "misuse.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
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

void avow__misuse_of_null(const char *what) {
  avow__misuse(
      "%s is NULL: what avow makes never is, so this was never set; only "
      "what lets go takes NULL",
      what);
}

#if AVOW__DEBUG
/* Addresses, of which a new one takes the place of the oldest. They are looked
   at by any thread, and nothing is locked for them. */
enum { MOST = 16 };

static atomic_uintptr_t gone[MOST];
static atomic_uint next_gone;

void avow__note_gone(const void *block) {
  const unsigned i = atomic_fetch_add(&next_gone, 1) % MOST;
  atomic_store(&gone[i], (uintptr_t) block);
}

void avow__note_there(const void *block) {
  for (unsigned i = 0; i < MOST; i++) {
    uintptr_t same = (uintptr_t) block;
    (void) atomic_compare_exchange_strong(&gone[i], &same, 0); /* or not that */
  }
}

bool avow__is_gone(const void *block) {
  for (unsigned i = 0; block != NULL && i < MOST; i++)
    if (atomic_load(&gone[i]) == (uintptr_t) block)
      return true;
  return false;
}
#endif

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
