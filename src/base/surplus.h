/* SPDX-License-Identifier: MIT */
/*
 * The surplus of a pool: the unused pieces of memory that were not needed for a
 * second. A peak often comes again, so a pool keeps what a peak has left until
 * then. It frees the surplus in portions, so that no iteration takes long.
 */
#ifndef AVOW_SURPLUS_H
#define AVOW_SURPLUS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  size_t least;      /* of unused pieces, since the last review */
  size_t count;      /* pieces that are to be freed */
  uint64_t reviewed; /* the time of the last review, in ms */
} avow__surplus_t;

/* Must be called when a piece was taken and `unused` pieces are left. */
static inline void avow__surplus_taken(avow__surplus_t *s, size_t unused) {
  if (unused < s->least)
    s->least = unused;
}

/* Returns the number of pieces to free, of `unused` pieces. `keep` pieces
   always stay. */
size_t avow__surplus_review(avow__surplus_t *s, size_t unused, size_t keep,
                            uint64_t now);

/* Must be called when `freed` pieces were freed and `unused` pieces are left.
   Returns the number of ms until the next review; 0: no review is needed. */
unsigned avow__surplus_freed(avow__surplus_t *s, size_t freed, size_t unused,
                             size_t keep);

#endif
