/* SPDX-License-Identifier: MIT */
/*
 * C++ exceptions that are in flight while a fiber is parked. The runtime keeps
 * them in a few words of each thread. These words are exchanged with the
 * fiber's own whenever the fiber is resumed or parks.
 */
#ifndef AVOW_EXCEPTIONS_PRIVATE_H
#define AVOW_EXCEPTIONS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "avow/promise.h"
#include "base/compiler.h"

/* The words are the caught exceptions and the number of uncaught ones. 32-bit
   ARM has one more word: the exceptions that propagate. */
#if defined(__arm__)
enum { AVOW__EXCEPTION_WORDS = 3 };
#else
enum { AVOW__EXCEPTION_WORDS = 2 };
#endif

typedef struct avow__exceptions_s {
  void **globals; /* the thread's words; NULL if the fiber has no C++ */
  void *words[AVOW__EXCEPTION_WORDS]; /* the fiber's words; while it runs, the
                                         resumer's */
} avow__exceptions_t;

/* Initializes `e` for a fiber that starts without exceptions in flight, or for
   a running fiber that was not known to use C++ and whose resumer has no
   exceptions. */
static inline void avow__exceptions_begin(avow__exceptions_t *e,
                                          void *globals) {
  *e = (avow__exceptions_t){ .globals = (void **) globals };
}

/* Exchanges the fiber's words with those of the thread. */
void avow__exceptions_exchange(avow__exceptions_t *e);

static inline void avow__exceptions_switch(avow__exceptions_t *e) {
  if (AVOW__UNLIKELY(e->globals != NULL))
    avow__exceptions_exchange(e);
}

/* Runs through AVOW__AT_EXIT when a block that calls the program is left. An
   exception that leaves the block ends the process with a message, because the
   library's state would be inconsistent. `*inside` is true while the block
   runs. */
void avow__exceptions_end(const volatile bool *inside);

/* Calls `fn` with `c` in such a block. */
struct avow__context_s;
void avow__exceptions_stop(void (*fn)(struct avow__context_s *c),
                           struct avow__context_s *c);

#endif
