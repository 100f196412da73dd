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
#include "base/symbol.h"

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

#if AVOW__DEBUG
/* Blocks that were freed or released, indexed by a hash of the address: most of
   the latest ones. A new block at such an address removes the entry. */
typedef struct {
  _Atomic(const void *) block;
  _Atomic(const void *) site; /* of the release, or NULL */
} gone_t;

static gone_t gone[4096];

static gone_t *gone_at(const void *block) {
  return &gone[(uintptr_t) block / 16 % (sizeof(gone) / sizeof(gone[0]))];
}

static void note(const void *block, const void *site) {
  gone_t *entry = gone_at(block);
  atomic_store_explicit(&entry->site, site, memory_order_relaxed);
  atomic_store_explicit(&entry->block, block, memory_order_release);
}

void avow__note_gone(const void *block) {
  note(block, NULL);
}

void avow__note_released(const void *block) {
  note(block, avow__release_site());
}

void avow__note_there(const void *block) {
  const void *expected = block;
  (void) atomic_compare_exchange_strong(&gone_at(block)->block, &expected,
                                        NULL);
}

bool avow__is_gone(const void *block) {
  return block != NULL && atomic_load_explicit(&gone_at(block)->block,
                                               memory_order_acquire) == block;
}

void avow__misuse_of_gone_in(const void *block, const char *what,
                             const char *called) {
  char place[AVOW__PLACE_TEXT];
  const void *site = NULL;
  if (avow__is_gone(block))
    site = atomic_load_explicit(&gone_at(block)->site, memory_order_relaxed);
  avow__misuse_in(called,
                  "%s used after avow_%s_unref() freed it%s; release it after "
                  "the last use",
                  what, what, avow__text_of_place(place, " in ", site, ""));
}
#endif
