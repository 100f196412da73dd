/* SPDX-License-Identifier: MIT */
/*
 * Cache lines: memory that two threads write alternately. Each piece has a line
 * of its own, because different threads may use adjacent pieces.
 *
 * Lines are allocated in batches. An empty batch starts again at its first
 * line, as slabs do. Lines that are made together are then adjacent, in
 * whatever order they are given back, and the processor can prefetch them. When
 * a loop closes, a batch may still have lines in use. It then belongs to these
 * lines, and the last one frees it, on any thread.
 */
#ifndef AVOW_CACHELINE_POOL_H
#define AVOW_CACHELINE_POOL_H

#include <stdbool.h>

#include "base/list.h"

/* Size of a line, and number of lines in a batch. The prefetcher must restart
   for each batch: with 62 lines in a batch, each of a thousand lines in flight
   costs 10 ns more. */
#ifdef AVOW_NO_POOL
enum { AVOW__LINE = 64, AVOW__LINES_EACH = 1 }; /* tools check each block */
#else
enum { AVOW__LINE = 64, AVOW__LINES_EACH = 254 };
#endif

typedef struct avow__batch_s avow__batch_t;
typedef struct avow__line_s avow__line_t;

/* First member of each struct that is stored in a line. */
struct avow__line_s {
  union {
    avow__batch_t *batch;
    avow__line_t *next; /* next free line */
  };
};

/* A set of batches. All zeros is an empty set. */
typedef struct avow__lines_s {
  avow__link_t *batches; /* after the first, those with free lines precede full
                            ones */
  int empty;             /* number of empty batches */
} avow__lines_t;

/* Take one line, or two. The second lines of a batch lie behind all its first
   lines. All lines of a set must be taken by the same function. NULL if out of
   memory. */
void *avow__line_take(avow__lines_t *lines);
void *avow__line_take_two(avow__lines_t *lines);
void avow__line_give(avow__lines_t *lines, void *given);

/* Returns the second line. */
static inline void *avow__line_second(void *line) {
  return (char *) line + (size_t) AVOW__LINES_EACH * AVOW__LINE;
}

/* Frees the empty batches and removes one other batch, which from then on
   belongs to its lines. NULL: no batch is left. */
avow__batch_t *avow__lines_leave(avow__lines_t *lines);

/* Returns line `i` of those given out since the batch was empty. NULL: there
   are no more. */
void *avow__batch_line(avow__batch_t *batch, unsigned i);

/* Gives back a line of a batch that left its set; any thread may call this.
   Returns true if the line was the last one. */
bool avow__line_leave(void *line);

#endif
