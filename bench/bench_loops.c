/* SPDX-License-Identifier: MIT */
/* The cost of many loops. Each operation looks up its loop. */
#include <stdlib.h>

#include "bench.h"
#include "engine/context.h"

enum { MOST = 20000 };

/* The lookup uses only the addresses of these loops. */
static uv_loop_t *loops;
static size_t open_loops;

/* The context that all lookups find. */
static avow__context_t context;

static void open_to(size_t n) {
  for (; open_loops < n; open_loops++)
    bench_require(avow__loop_table_add(&loops[open_loops], &context),
                  "memory for another loop");
}

static uint64_t find(size_t n, size_t rounds, size_t each) {
  size_t found = 0;
  open_to(n);
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++)
    for (size_t i = 0; i < n; i++)
      found += avow__context_of(&loops[i * each]) == &context;
  const uint64_t elapsed = bench_clock() - start;
  bench_require(found == n * rounds, "all are found");
  return elapsed;
}

static uint64_t in_turn(size_t n, size_t rounds) {
  return find(n, rounds, 1);
}

static uint64_t always_the_same(size_t n, size_t rounds) {
  return find(n, rounds, 0);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "loops in turn; one of them", 10, in_turn, always_the_same, 0, 0 },
    { "loops in turn; one of them", 1000, in_turn, always_the_same, 20, 0 },
    { "loops in turn; one of them", 5000, in_turn, always_the_same, 20, 0 },
    { "loops in turn; one of them", MOST, in_turn, always_the_same, 20, 0 },
  };
  loops = calloc(MOST, sizeof(*loops));
  bench_require(loops != NULL, "memory for loops");
  const int status =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  while (open_loops > 0)
    avow__loop_table_remove(&loops[--open_loops]);
  free(loops);
  return status;
}
