/* SPDX-License-Identifier: MIT */
/* Only one thread allocates here, so no lock is needed. */
#include "memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "avow/all.h"
#include "value/check_values.h"

enum { DEADLINE = 60 };

static char announced[4096];
static long live;
static unsigned fail_in;
static bool fail_on;
static unsigned one_in, at;

static void on_signal(int signum) {
  /* A failure of these calls is ignored. */
  (void) !write(STDERR_FILENO, "failed: ", 8);
  (void) !write(STDERR_FILENO, announced, strlen(announced));
  (void) !write(STDERR_FILENO, "\n", 1);
  (void) signal(signum, SIG_DFL);
  (void) raise(signum);
}

void announce(const char *text) {
  (void) snprintf(announced, sizeof(announced), "%s", text); /* may be cut */
  (void) signal(SIGABRT, on_signal); /* these signals are valid */
  (void) signal(SIGSEGV, on_signal);
  (void) signal(SIGALRM, on_signal);
  (void) alarm(DEADLINE);
}

_Noreturn void violated(const char *what, const char *file, int line) {
  (void) fflush(stdout); /* before the message */
  (void) fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

static bool may_allocate(void) {
  if (one_in > 0)
    return (at++ * 2654435761U >> 8) % one_in != 0;
  if (fail_in == 0 || --fail_in > 0)
    return true;
  if (fail_on)
    fail_in = 1;
  return false;
}

static void *counted(void *block) {
  if (block != NULL)
    live++;
  return block;
}

static void *count_malloc(size_t size) {
  return may_allocate() ? counted(malloc(size)) : NULL;
}

static void *count_calloc(size_t n, size_t size) {
  return may_allocate() ? counted(calloc(n, size)) : NULL;
}

static void *count_realloc(void *block, size_t size) {
  if (!may_allocate())
    return NULL;
  return block == NULL ? counted(malloc(size)) : realloc(block, size);
}

static void count_free(void *block) {
  live--;
  free(block);
}

void memory_init(void) {
  CHECK(avow_replace_allocator(count_malloc, count_realloc, count_calloc,
                               count_free) == 0);
}

/* Values in quarantine are no leak. */
long memory_live(void) {
  (void) avow__values_free_quarantine(); /* whether there were any */
  return live;
}

void memory_fail(unsigned nth, bool from_then_on) {
  one_in = 0;
  fail_in = nth;
  fail_on = from_then_on;
}

void memory_fail_one_in(unsigned so_many, unsigned start) {
  one_in = so_many;
  at = start;
}

bool memory_fails(void) {
  return fail_in > 0;
}
