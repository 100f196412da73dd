/* SPDX-License-Identifier: MIT */
/* Private part of the allocator. All memory of avow comes from avow_malloc(),
   avow_calloc() and avow_realloc(). For a size of SIZE_MAX they return NULL
   without calling the allocator. */
#ifndef AVOW_ALLOC_H
#define AVOW_ALLOC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/loop.h"

/* Tells the system that it may take back the pages of a block that the caller
   frees next. The block's bytes are lost. Without this call, the allocator may
   keep a large block that lies below one in use. */
void avow__discard(void *at, size_t size);

/* Add and multiply sizes. A result that would wrap around, and so be too small,
   is SIZE_MAX instead. No allocation of that size succeeds. */
static inline size_t avow__plus(size_t a, size_t b) {
  return a <= SIZE_MAX - b ? a + b : SIZE_MAX;
}

static inline size_t avow__times(size_t a, size_t b) {
  assert(b > 0);
  return a <= SIZE_MAX / b ? a * b : SIZE_MAX;
}

#endif
