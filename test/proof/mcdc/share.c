/* SPDX-License-Identifier: MIT */
/*
 * Processes that a test forks share its counters. The counts of processes that
 * abort or are killed are therefore written when the test ends. share.ld gives
 * the counters pages of their own.
 */
#define _GNU_SOURCE /* mremap() */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The linker defines the beginning and the end. */
extern char counters[] __asm__("__start___llvm_prf_cnts");
extern char counters_end[] __asm__("__stop___llvm_prf_cnts");
extern char outcomes[] __asm__("__start___llvm_prf_bits");
extern char outcomes_end[] __asm__("__stop___llvm_prf_bits");

static void share(char *begin, const char *end) {
  const size_t size = (size_t) (end - begin);
  if (size == 0)
    return; /* a program with which Meson checks the compiler */
  char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    perror("share.c: mmap");
    abort();
  }
  memcpy(shared, begin, size);
  if (mremap(shared, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin) !=
      begin) {
    perror("share.c: mremap");
    abort();
  }
}

__attribute__((constructor)) static void share_all(void) {
  share(counters, counters_end);
  share(outcomes, outcomes_end);
}
