/* SPDX-License-Identifier: MIT */
/*
 * The one file through which all memory goes. What it returns may be NULL, and
 * every caller looks.
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

/* Something came from it, and has to go back there. */
static atomic_bool in_use;

/* Written once: threads that wrote it each time would wait for each other. */
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

/* The result for 0 bytes may be NULL, which must only mean out of memory; and
   realloc() of 0 bytes may free the block. */
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
    (void) madvise(from, (size_t) (to - from), MADV_DONTNEED); /* an attempt */
}
#else
void avow__discard(void *at, size_t size) {
  (void) at; /* it will be free soon */
  (void) size;
}
#endif
