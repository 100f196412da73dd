/* SPDX-License-Identifier: MIT */
/*
 * Stacks: pages that the system allocates when they are touched, above a guard
 * that stops a function which overflows. The guard has many pages, because a
 * function with a large frame can skip some. Linux 6.13 and later keep the
 * guard in the page table. Earlier kernels need two mappings for each stack, of
 * which they allow a process some 65,000 (vm.max_map_count). docs/stacks.md
 * states the costs.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _DEFAULT_SOURCE 1
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "fiber/stack.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#ifdef __linux__
#  include <sys/auxv.h>
#endif
#include <sys/mman.h>
#include <unistd.h>
#include <uv.h>

#ifndef MAP_STACK
#  define MAP_STACK 0 /* on Linux: asks for no huge pages */
#endif
#ifndef MAP_NORESERVE
#  define MAP_NORESERVE 0
#endif
#if defined(__linux__) && !defined(MADV_GUARD_INSTALL)
#  define MADV_GUARD_INSTALL 102 /* older kernels reject it */
#endif
#define MADV_UNKNOWN (-1)
#if defined(__linux__) && !defined(AT_MINSIGSTKSZ)
#  define AT_MINSIGSTKSZ 51 /* kernels before 5.14 do not know it */
#endif

enum { OWN = 12 * 1024, USUAL_FRAME = 4 * 1024 };

static void *map_pages(size_t size) {
  void *pages =
      mmap(NULL, size, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

static void unmap_pages(void *pages, size_t size) {
  (void) munmap(pages, size); /* a failure could not be handled */
}

/* The size of a signal frame, which contains all registers. It grows with newer
   processors. */
static size_t signal_frame(void) {
#ifdef __linux__
  return getauxval(AT_MINSIGSTKSZ); /* 0 if the kernel does not tell */
#else
  return 0;
#endif
}

void *(*avow__map_pages)(size_t size) = map_pages;
void (*avow__unmap_pages)(void *pages, size_t size) = unmap_pages;
size_t (*avow__signal_frame)(void) = signal_frame;

size_t avow__stack_least(void) {
  const size_t frame = avow__signal_frame();
  return OWN + (frame > USUAL_FRAME ? frame : USUAL_FRAME);
}

static size_t page_size(void) {
  return (size_t) sysconf(_SC_PAGESIZE);
}

/* An emulator that accepts any advice and ignores it provides no guards. */
static bool install_by_advice(void *pages, size_t size) {
#ifdef MADV_GUARD_INSTALL
  static atomic_bool is_honest; /* refuses unknown advice */
  if (madvise(pages, size, MADV_GUARD_INSTALL) != 0)
    return false;
  if (!atomic_load(&is_honest))
    atomic_store(&is_honest, madvise(pages, size, MADV_UNKNOWN) != 0);
  return atomic_load(&is_honest);
#else
  return false;
#endif
}

/* Protecting a part of a mapping needs another mapping, so the call fails at
   the limit of mappings. */
static int install_guard(void *pages, size_t size) {
  return install_by_advice(pages, size) || mprotect(pages, size, PROT_NONE) == 0
             ? 0
             : UV_EAGAIN;
}

/* Rounds up to whole pages. False if the result is too large. */
static bool round_up(size_t *size) {
  const size_t page = page_size();
  if (*size > SIZE_MAX / 2 - page)
    return false;
  *size = (*size + page - 1) / page * page;
  return true;
}

int avow__stack_map(size_t size, size_t guard, avow__stack_t *out) {
  if (!round_up(&size) || !round_up(&guard))
    return UV_ENOMEM;
  char *pages = avow__map_pages(guard + size);
  if (pages == NULL)
    return UV_ENOMEM;
  const int err = install_guard(pages, guard);
  if (err == 0)
    *out = (avow__stack_t){ pages + guard, size, guard };
  else
    avow__unmap_pages(pages, guard + size);
  return err;
}

void avow__stack_unmap(avow__stack_t stack) {
  avow__unmap_pages(stack.bottom - stack.guard, stack.guard + stack.size);
}

void avow__stack_wipe(avow__stack_t stack) {
  /* A compiler may remove writes that are never read, unless it cannot know
     which function is called. */
  void *(*const volatile set)(void *, int, size_t) = memset;
  (void) set(stack.bottom, 0, stack.size);
}

bool avow__stack_guards(avow__stack_t stack, const void *at) {
  const uintptr_t end = (uintptr_t) stack.bottom;
  return (uintptr_t) at < end && (uintptr_t) at >= end - stack.guard;
}
