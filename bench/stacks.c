/* SPDX-License-Identifier: MIT */
/*
 * The cost of the addresses of a stack. It prints a table for docs/stacks.md,
 * with several sizes of the stack and of the guard. One page of each stack is
 * in use. The table also has the maximum number of stacks. With --quick it maps
 * fewer, to test that it works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "fiber/stack.h"

enum { KIB = 1024, DEFAULT = 256, SAMPLE = 1000, ENOUGH = 200000 };

typedef struct {
  size_t stack, guard; /* in KiB */
} sizes_t;

/* A value in KiB from /proc/self/status. */
static long status(const char *name) {
  char line[256];
  long kib = -1;
  FILE *file = fopen("/proc/self/status", "r");
  if (file == NULL)
    bench_fail("only Linux says what a process takes");
  while (kib < 0 && fgets(line, sizeof(line), file) != NULL) {
    const size_t len = strlen(name);
    if (strncmp(line, name, len) == 0)
      kib = strtol(line + len, NULL, 10);
  }
  (void) fclose(file); /* opened for reading only */
  return kib;
}

static bool map_one(sizes_t sizes, bool used) {
  avow__stack_t stack;
  if (avow__stack_map(sizes.stack * KIB, sizes.guard * KIB, &stack) != 0)
    return false;
  if (used)
    stack.bottom[stack.size - 1] = 1;
  return true;
}

static void measure(sizes_t sizes, int sample, int enough) {
  const long tables = status("VmPTE:"), size = status("VmSize:");
  int n = 0;
  while (n < sample && map_one(sizes, true))
    n++;
  const long more_tables = status("VmPTE:") - tables;
  const long more = status("VmSize:") - size;
  bench_require(n == sample, "the stacks to measure");
  while (n < enough && map_one(sizes, false))
    n++;
  printf("| %4zu KiB | %4zu KiB | %5ld | %4ld KiB | %s%d | %ld |\n",
         sizes.stack, sizes.guard, more_tables * KIB / sample, more / sample,
         n == enough ? "more than " : "", n, (long) KIB * KIB * sample / more);
}

/* Measures in a child process, whose exit frees all stacks. */
static void measure_apart(sizes_t sizes, int sample, int enough) {
  (void) fflush(stdout); /* otherwise the child prints it again */
  const pid_t child = fork();
  bench_require(child >= 0, "a process");
  if (child == 0) {
    measure(sizes, sample, enough);
    exit(0);
  }
  int ended;
  bench_require(waitpid(child, &ended, 0) == child && ended == 0, "its end");
}

int main(int argc, char **argv) {
  const bool quick = argc > 1;
  const sizes_t sizes[] = { { DEFAULT, 4 },       { DEFAULT, 64 },
                            { DEFAULT, DEFAULT }, { DEFAULT, 1024 },
                            { 64, DEFAULT },      { 1024, DEFAULT } };
  puts("| stack | guard | page tables, bytes | VmSize | at most | per GiB |");
  puts("|---|---|---|---|---|---|");
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
    measure_apart(sizes[i], SAMPLE, quick ? SAMPLE : ENOUGH);
  return 0;
}
