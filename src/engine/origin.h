/* SPDX-License-Identifier: MIT */
/* The call of the program that made a promise, which trace builds record. */
#ifndef AVOW_ORIGIN_H
#define AVOW_ORIGIN_H

#include "base/backtrace.h"
#include "base/symbol.h"
#include "engine/block.h"

/* The call that made p; NULL if it is not recorded. */
static inline const void *avow__caller_of(const avow_promise_t *p) {
#ifdef AVOW_TRACE
  return p->caller;
#else
  return (void) p, NULL;
#endif
}

/* The text for the call that made p; NULL if the call is not recorded. */
static inline const char *avow__where(const avow_promise_t *p) {
  return avow__symbol_text(avow__caller_of(p));
}

#endif
