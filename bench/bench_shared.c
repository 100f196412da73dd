/* SPDX-License-Identifier: MIT */
/* The cost of calling avow in the shared library. The floor is the same
   work with avow linked statically. Each has a loop of its own. The program has
   a third loop, which it does not use. */
#include "bench.h"
#include "linked.h"

int main(int argc, char **argv) {
  const linked_t *in_it = linked_shared(bench_clock);
  const linked_t *by_hand = linked_static(bench_clock);
  const bench_case_t cases[] = {
    { "new + then + resolve + run", 100, in_it->settle, by_hand->settle, 0,
      1.25 },
    { "settled + then + run", 100, in_it->settled, by_hand->settled, 0, 1.25 },
    { "chain of thens, a hop", 1000, in_it->chain, by_hand->chain, 0, 1.25 },
    { "new + all + resolve + run", 1000, in_it->all, by_hand->all, 0, 1.25 },
    { "await, two in turns", 1000, in_it->await_in_turns,
      by_hand->await_in_turns, 0, 1.25 },
    { "await, settled", 1000, in_it->await_settled, by_hand->await_settled, 0,
      1.6 },
  };
  const size_t count = sizeof(cases) / sizeof(*cases);
  const int failed = bench_main(argc, argv, "ns", cases,
                                in_it->await_settled != NULL ? count : 4);
  in_it->close();
  by_hand->close();
  return failed;
}
