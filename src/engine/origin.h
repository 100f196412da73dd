/* SPDX-License-Identifier: MIT */
/* Where and when a promise was made, as far as the build knows. */
#ifndef AVOW_ORIGIN_PRIVATE_H
#define AVOW_ORIGIN_PRIVATE_H

#include "engine/block.h"

/* What the build knows of a place, to be kept when its promise is gone. */
#ifdef AVOW_TRACE
typedef struct avow__place_s {
  const char *file; /* or NULL */
  int line;
} avow__place_t;
#else
typedef const char *avow__place_t; /* NULL */
#endif

static inline avow__place_t avow__place_of(const avow_promise_t *p) {
#ifdef AVOW_TRACE
  return (avow__place_t){ .file = p->file, .line = p->line };
#else
  return (void) p, NULL;
#endif
}

#ifdef AVOW_TRACE
/* p is new: notes where the program makes it, and when. */
void avow__trace_promise(avow__context_t *c, avow_promise_t *p);
#endif

/* "file:line" likewise. */
const char *avow__place_text(avow__place_t place);

/* "file:line", in memory of the thread's that the next call uses again; NULL if
   it is not known. */
const char *avow__where(const avow_promise_t *p);

#if AVOW__DEBUG
/* "here" or "at file:line": where its deferred was settled first. */
const char *avow__where_settled(const avow_promise_t *p);
#endif

#endif
