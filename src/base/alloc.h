/* SPDX-License-Identifier: MIT */
/* All memory of avow comes from avow_malloc(), avow_calloc() and
   avow_realloc(). They return NULL for a size of SIZE_MAX without a call of the
   allocator. */
#ifndef AVOW_ALLOC_H
#define AVOW_ALLOC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/loop.h"

/* Of what is freed next: its bytes are lost, and the system may have the pages
   back. The allocator might keep a large block, below one that is in use. */
void avow__discard(void *at, size_t size);

/* Sizes are added and multiplied with these: what would wrap around, and so be
   too small, is SIZE_MAX, for which there is no memory. */
static inline size_t avow__plus(size_t a, size_t b) {
  return a <= SIZE_MAX - b ? a + b : SIZE_MAX;
}

static inline size_t avow__times(size_t a, size_t b) {
  assert(b > 0);
  return a <= SIZE_MAX / b ? a * b : SIZE_MAX;
}

#endif
