/* SPDX-License-Identifier: MIT */
/*
 * Cache lines: memory for what two threads write by turns. Each piece has a
 * line of its own, for different threads may use neighbours.
 *
 * They lie in batches. One that is empty begins anew, as slabs do, so that what
 * is made together lies together in whatever order it comes back, and the
 * processor fetches it ahead. When a loop ends a batch may become its lines'
 * that are in use: then the last one frees it, on any thread.
 */
#ifndef AVOW_CACHELINE_POOL_H
#define AVOW_CACHELINE_POOL_H

#include <stdbool.h>

#include "base/list.h"

/* The size of a line, and how many a batch has. The fewer, the more often what
   fetches them ahead begins anew: with 62 each of a thousand on their way takes
   10 ns more. */
#ifdef AVOW_NO_POOL
enum { AVOW__LINE = 64, AVOW__LINES_EACH = 1 }; /* tools watch each block */
#else
enum { AVOW__LINE = 64, AVOW__LINES_EACH = 254 };
#endif

typedef struct avow__batch_s avow__batch_t;
typedef struct avow__line_s avow__line_t;

/* The first member of what has a line. */
struct avow__line_s {
  union {
    avow__batch_t *batch;
    avow__line_t *next; /* of the free ones */
  };
};

/* Empty if it is all zeros. */
typedef struct avow__lines_s {
  avow__link_t *batches; /* behind the first come those that have room */
  int empty;             /* of these */
} avow__lines_t;

/* A line, or two: the second ones lie behind all the first of their batch. The
   lines of one set are all alike in that. NULL without memory. */
void *avow__line_take(avow__lines_t *lines);
void *avow__line_take_two(avow__lines_t *lines);
void avow__line_give(avow__lines_t *lines, void *given);

/* The second line. */
static inline void *avow__line_second(void *line) {
  return (char *) line + (size_t) AVOW__LINES_EACH * AVOW__LINE;
}

/* Frees what is empty, and takes a batch out that is not: it is its lines' from
   now on. NULL: there is none left. */
avow__batch_t *avow__lines_leave(avow__lines_t *lines);

/* The lines that a batch has given out since it was empty; NULL: no more. */
void *avow__batch_line(avow__batch_t *batch, unsigned i);

/* Any thread: gives a line of such a batch back. True if it was the last. */
bool avow__line_leave(void *line);

#endif
