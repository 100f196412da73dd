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

#ifndef AVOW_BY_PATHS

#  if AVOW__DEBUG
static void say(const char *format, va_list args) {
  (void) fputs("avow: ", stderr); /* there is no other place to report a
                                     failure */
  (void) vfprintf(stderr, format, args);
  (void) fputc('\n', stderr);
}
#  endif

void avow__misuse(const char *format, ...) {
#  if AVOW__DEBUG
  va_list args;
  va_start(args, format);
  say(format, args);
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
  say(format, args);
  va_end(args);
#  else
  (void) format;
#  endif
}

#endif

void avow__misuse_of_null(const char *what) {
  avow__misuse(
      "%s is NULL: what avow makes never is, so this was never set; only "
      "what lets go takes NULL",
      what);
}

void avow__misuse_of_gone(const char *what) {
  avow__misuse(
      "this %s is gone: avow_%s_unref() let go of it before; it has one owner, "
      "who does that last",
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
