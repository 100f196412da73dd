/*
 * Stacks: pages that are there once they are touched, above a guard page that
 * ends a function which needs more. Linux 6.13 and later keep the guard in the
 * page table; before, it takes the kernel two mappings for each stack, of which
 * it allows a process some 65,000 (vm.max_map_count).
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _DEFAULT_SOURCE 1
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "stack.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_STACK
#  define MAP_STACK 0 /* on Linux: no huge pages, please */
#endif
#ifndef MAP_NORESERVE
#  define MAP_NORESERVE 0
#endif
#if defined(__linux__) && !defined(MADV_GUARD_INSTALL)
#  define MADV_GUARD_INSTALL 102 /* older kernels refuse it */
#endif
#define MADV_UNKNOWN (-1)

static void *map_pages(size_t size) {
  void *pages =
      mmap(NULL, size, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

void *(*avow__map_pages)(size_t size) = map_pages;

static size_t page_size(void) {
  return (size_t) sysconf(_SC_PAGESIZE);
}

/* An emulator that takes any advice, and does nothing, has no guards. */
static bool install_guard(void *page, size_t size) {
#ifdef MADV_GUARD_INSTALL
  if (madvise(page, size, MADV_GUARD_INSTALL) == 0 &&
      madvise(page, size, MADV_UNKNOWN) != 0)
    return true;
#endif
  return mprotect(page, size, PROT_NONE) == 0;
}

avow__stack_t avow__stack_map(size_t size) {
  const avow__stack_t none = { .bottom = NULL };
  const size_t page = page_size();
  if (size > SIZE_MAX - 2 * page)
    return none;
  size = (size + page - 1) / page * page;
  char *pages = avow__map_pages(page + size);
  if (pages == NULL)
    return none;
  if (!install_guard(pages, page)) {
    (void) munmap(pages, page + size); /* nothing else to be done */
    return none;
  }
  return (avow__stack_t){ .bottom = pages + page, .size = size };
}

void avow__stack_unmap(avow__stack_t stack) {
  const size_t page = page_size();
  (void) munmap(stack.bottom - page, page + stack.size); /* as above */
}

bool avow__stack_guards(avow__stack_t stack, const void *at) {
  const uintptr_t end = (uintptr_t) stack.bottom;
  return (uintptr_t) at < end && (uintptr_t) at >= end - page_size();
}
