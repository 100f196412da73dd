/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of C++ that are in flight while a fiber is parked. The runtime has
 * them in a few words of each thread's, which change places with the fiber's
 * whenever it is resumed or parks.
 */
#ifndef AVOW_EXCEPTIONS_PRIVATE_H
#define AVOW_EXCEPTIONS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "avow/promise.h"
#include "base/compiler.h"

/* Those caught, and how many are on their way; on 32-bit ARM those, too. */
#if defined(__arm__)
enum { AVOW__EXCEPTION_WORDS = 3 };
#else
enum { AVOW__EXCEPTION_WORDS = 2 };
#endif

typedef struct avow__exceptions_s {
  void **globals; /* the thread's; NULL for a fiber that has no C++ */
  void *words[AVOW__EXCEPTION_WORDS]; /* its own; while it runs, the others' */
} avow__exceptions_t;

/* Fills in e for a fiber that begins with none in flight; or for one that runs,
   was not known to have any C++, and was resumed by who has none. */
static inline void avow__exceptions_begin(avow__exceptions_t *e,
                                          void *globals) {
  *e = (avow__exceptions_t){ .globals = (void **) globals };
}

/* Puts the fiber's in the place of the others', or back. */
void avow__exceptions_exchange(avow__exceptions_t *e);

static inline void avow__exceptions_switch(avow__exceptions_t *e) {
  if (AVOW__UNLIKELY(e->globals != NULL))
    avow__exceptions_exchange(e);
}

/* Called by AVOW__AT_EXIT at the exit of a block that calls the program: an
   exception that comes out ends the process, with advice, for what it left
   behind would not work any more. The variable says whether it is inside. */
void avow__exceptions_end(const volatile bool *inside);

/* Calls fn with c in such a block. */
struct avow__context_s;
void avow__exceptions_stop(void (*fn)(struct avow__context_s *c),
                           struct avow__context_s *c);

#endif
