/* SPDX-License-Identifier: MIT */
/*
 * All memory of the library comes from this file. Its functions may return
 * NULL, and every caller checks for that.
 */
#ifdef __linux__
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#  define _DEFAULT_SOURCE 1
#  include <sys/mman.h>
#  include <unistd.h>
#endif

#include "base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

static struct {
  void *(*malloc_fn)(size_t);
  void *(*realloc_fn)(void *, size_t);
  void *(*calloc_fn)(size_t, size_t);
  void (*free_fn)(void *);
} allocator = { malloc, realloc, calloc, free };

/* True after the first allocation, because memory must return to the allocator
   that it came from. */
static atomic_bool in_use;

/* Stores the flag only once. Threads that stored it each time would contend for
   its cache line. */
static void alloc_use(void) {
  if (!atomic_load_explicit(&in_use, memory_order_relaxed))
    atomic_store_explicit(&in_use, true, memory_order_relaxed);
}

int avow_replace_allocator(void *(*malloc_fn)(size_t),
                           void *(*realloc_fn)(void *, size_t),
                           void *(*calloc_fn)(size_t, size_t),
                           void (*free_fn)(void *)) {
  if (malloc_fn == NULL || realloc_fn == NULL || calloc_fn == NULL ||
      free_fn == NULL)
    return UV_EINVAL;
  if (atomic_load_explicit(&in_use, memory_order_relaxed))
    return UV_EBUSY;
  allocator.malloc_fn = malloc_fn;
  allocator.realloc_fn = realloc_fn;
  allocator.calloc_fn = calloc_fn;
  allocator.free_fn = free_fn;
  return 0;
}

/* Rounds 0 up to 1. For 0 bytes, malloc() may return NULL, which must only mean
   out of memory, and realloc() may free the block. */
static size_t one_at_least(size_t size) {
  return size > 0 ? size : 1;
}

void *avow_malloc(size_t size) {
  alloc_use();
  return size < SIZE_MAX ? allocator.malloc_fn(one_at_least(size)) : NULL;
}

void *avow_calloc(size_t n, size_t size) {
  const size_t count = one_at_least(n), each = one_at_least(size);
  alloc_use();
  return avow__times(count, each) < SIZE_MAX ? allocator.calloc_fn(count, each)
                                             : NULL;
}

void *avow_realloc(void *p, size_t size) {
  alloc_use();
  return size < SIZE_MAX ? allocator.realloc_fn(p, one_at_least(size)) : NULL;
}

void avow_free(void *p) {
  if (p != NULL)
    allocator.free_fn(p);
}

#ifdef __linux__
void avow__discard(void *at, size_t size) {
  const uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
  char *const from = (char *) at + (page - (uintptr_t) at % page) % page;
  char *const end = (char *) at + size;
  char *const to = end - (uintptr_t) end % page;
  if (from < to)
    (void) madvise(from, (size_t) (to - from), MADV_DONTNEED); /* only a hint */
}
#else
void avow__discard(void *at, size_t size) {
  (void) at; /* the memory will soon be freed */
  (void) size;
}
#endif
