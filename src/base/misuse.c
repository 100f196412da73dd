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
#include <string.h>

#include "base/log.h"

#ifndef AVOW_BY_PATHS

void avow__misuse(const char *format, ...) {
#  if AVOW__DEBUG
  char text[AVOW__MISUSE_SIZE];
  va_list args;
  va_start(args, format);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  avow_misuse(text);
#  else
  (void) format;
#  endif
}

void avow__advise(const char *format, ...) {
#  if AVOW__DEBUG
  char text[AVOW__MISUSE_SIZE];
  va_list args;
  va_start(args, format);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  avow__log("%s", text);
#  else
  (void) format;
#  endif
}

#endif

#if AVOW__DEBUG
/* A message names no internal function, which the program never called. */
static void tell_in(void (*tell)(const char *format, ...), const char *called,
                    const char *format, va_list args) {
  char problem[AVOW__MISUSE_SIZE];
  const bool is_public = strncmp(called, "avow_", 5) == 0 && called[5] != '_';
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): callers start it */
  (void) vsnprintf(problem, sizeof(problem), format, args);
  tell("%s%s%s", is_public ? called : "", is_public ? "(): " : "", problem);
}

void avow__misuse_in(const char *called, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell_in(avow__misuse, called, format, args);
  va_end(args);
}

void avow__advise_in(const char *called, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell_in(avow__advise, called, format, args);
  va_end(args);
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
