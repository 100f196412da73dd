/* SPDX-License-Identifier: MIT */
/*
 * The cost of the guard area below a stack. It prints a table for
 * docs/stacks.md: the cost of a stack of 64 KiB with one page in use, and the
 * maximum number of stacks. With --quick it maps fewer, to test that it works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "fiber/stack.h"

enum { SIZE = 64 * 1024, SAMPLE = 1000, ENOUGH = 200000 };

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

static bool map_one(size_t guard, bool used) {
  avow__stack_t stack;
  if (avow__stack_map(SIZE, guard, &stack) != 0)
    return false;
  if (used)
    stack.bottom[stack.size - 1] = 1;
  return true;
}

static void measure(size_t guard, int sample, int enough) {
  const long tables = status("VmPTE:"), size = status("VmSize:");
  int n = 0;
  while (n < sample && map_one(guard, true))
    n++;
  const long more_tables = status("VmPTE:") - tables;
  const long more = status("VmSize:") - size;
  bench_require(n == sample, "the stacks to measure");
  while (n < enough && map_one(guard, false))
    n++;
  printf("| %4zu KiB | %5ld | %4ld KiB | %s%d |\n", guard / 1024,
         more_tables * 1024 / sample, more / sample,
         n == enough ? "more than " : "", n);
}

/* Measures in a child process, whose exit frees all stacks. */
static void measure_apart(size_t guard, int sample, int enough) {
  (void) fflush(stdout); /* otherwise the child prints it again */
  const pid_t child = fork();
  bench_require(child >= 0, "a process");
  if (child == 0) {
    measure(guard, sample, enough);
    exit(0);
  }
  int ended;
  bench_require(waitpid(child, &ended, 0) == child && ended == 0, "its end");
}

int main(int argc, char **argv) {
  const bool quick = argc > 1;
  const size_t guards[] = { 4, 64, 256, 1024 };
  puts("| guard | page tables, bytes | VmSize | at most |");
  puts("|---|---|---|---|");
  for (size_t i = 0; i < sizeof(guards) / sizeof(*guards); i++)
    measure_apart(guards[i] * 1024, SAMPLE, quick ? SAMPLE : ENOUGH);
  return 0;
}
