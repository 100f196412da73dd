/* SPDX-License-Identifier: MIT */
/*
 * Misuse: a checked build prints what the program must do instead, and aborts.
 * A release build does nothing here. Some misuse is only likely to end badly: a
 * checked build prints that and continues. The simulator, which is compiled
 * with AVOW_BY_PATHS, reports both by itself.
 */
#include "base/misuse.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef AVOW_BY_PATHS

#  if AVOW__DEBUG
static void misuse_print(const char *format, va_list args) {
  (void) fputs("avow: ", stderr); /* no other place can report a
                                     failure */
  (void) vfprintf(stderr, format, args);
  (void) fputc('\n', stderr);
}
#  endif

void avow__misuse(const char *format, ...) {
#  if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  misuse_print(format, args);
  va_end(args);
  abort();
#  else
  (void) format;
#  endif
}

void avow__advise(const char *format, ...) {
#  if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  misuse_print(format, args);
  va_end(args);
#  else
  (void) format;
#  endif
}

#endif

#if AVOW__DEBUG
/* Internal functions check their arguments, too. A program never called them,
   so that a message must not name them. */
static bool is_public(const char *called) {
  return strncmp(called, "avow_", 5) == 0 && called[5] != '_';
}

void avow__misuse_in(const char *called, const char *format, ...) {
  char problem[AVOW__MISUSE_SIZE];
  va_list args;
  va_start(args, format);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  (void) vsnprintf(problem, sizeof(problem), format, args);
  va_end(args);
  if (is_public(called))
    avow__misuse("%s(): %s", called, problem);
  else
    avow__misuse("%s", problem);
}

/* Only public functions advise. */
void avow__advise_in(const char *called, const char *format, ...) {
  char problem[AVOW__MISUSE_SIZE];
  va_list args;
  va_start(args, format);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  (void) vsnprintf(problem, sizeof(problem), format, args);
  va_end(args);
  avow__advise("%s(): %s", called, problem);
}
#endif

void avow__misuse_of_null_in(const char *what, const char *called) {
  avow__misuse_in(called, "%s is NULL; pass a valid %s", what, what);
}

void avow__misuse_of_gone_in(const char *what, const char *called) {
  avow__misuse_in(called,
                  "%s used after avow_%s_unref() freed it; release it after "
                  "the last use",
                  what, what);
}

#if AVOW__DEBUG
/* Addresses of blocks that were freed or released, indexed by a hash: most of
   the latest ones. A new block at such an address removes the entry. */
static _Atomic(const void *) gone[4096];

static _Atomic(const void *) *misuse_at(const void *block) {
  return &gone[(uintptr_t) block / 16 % (sizeof(gone) / sizeof(gone[0]))];
}

void avow__note_gone(const void *block) {
  atomic_store_explicit(misuse_at(block), block, memory_order_relaxed);
}

void avow__note_there(const void *block) {
  const void *expected = block;
  (void) atomic_compare_exchange_strong(misuse_at(block), &expected, NULL);
}

bool avow__is_gone(const void *block) {
  return block != NULL &&
         atomic_load_explicit(misuse_at(block), memory_order_relaxed) == block;
}
#endif
