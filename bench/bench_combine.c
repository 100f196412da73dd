/* SPDX-License-Identifier: MIT */
/*
 * The cost of an input of a combinator. The inputs are created before the
 * clock starts. The measured part is the call, settling the pending inputs, and
 * running to the end. The floor is one queued job for each input.
 */
#include <stdlib.h>

#include "bench.h"
#include "floor.h"

typedef avow_promise_t *(*combine_fn)(uv_loop_t *, avow_promise_t *const[],
                                      size_t);

/* The number of inputs that are created at a time: enough for the clock, and
   few enough for the caches if `n` is small. */
enum { AT_ONCE = 1000 };

static avow_promise_t **inputs;
static avow_deferred_t **deferreds;

static void make_room(size_t n) {
  inputs = calloc(n, sizeof(avow_promise_t *));
  deferreds = calloc(n, sizeof(avow_deferred_t *));
  bench_require(inputs != NULL && deferreds != NULL, "memory for inputs");
}

static void give_back(void) {
  free(inputs);
  free(deferreds);
}

static void make_settled(size_t n, avow_value_t v) {
  for (size_t i = 0; i < n; i++)
    inputs[i] = avow_promise_resolve(bench_loop, v);
}

static void make_pending(size_t n, avow_value_t v) {
  for (size_t i = 0; i < n; i++)
    inputs[i] = avow_promise_new(bench_loop, &deferreds[i]);
}

static void settle(size_t from, size_t n, avow_value_t v) {
  for (size_t i = from; i < from + n; i++)
    (void) avow_resolve(deferreds[i], v); /* returns true */
}

static uint64_t time_sets(size_t sets, size_t n, combine_fn combine,
                          const avow_value_t *pending) {
  const uint64_t start = bench_clock();
  for (size_t set = 0; set < sets; set++) {
    avow_promise_t *p = combine(bench_loop, inputs + set * n, n);
    if (pending != NULL)
      settle(set * n, n, *pending);
    avow_value_unref(avow_run(p));
  }
  return bench_clock() - start;
}

/* Takes as many sets of `n` inputs as fit, and repeats this until all rounds
   are done. */
static uint64_t time_combine(size_t n, size_t rounds, combine_fn combine,
                             avow_value_t v, bool pending) {
  const size_t fit = n < AT_ONCE ? AT_ONCE / n : 1;
  uint64_t elapsed = 0;
  make_room(fit * n);
  while (rounds > 0) {
    const size_t sets = rounds < fit ? rounds : fit;
    (pending ? make_pending : make_settled)(sets * n, v);
    elapsed += time_sets(sets, n, combine, pending ? &v : NULL);
    rounds -= sets;
  }
  give_back();
  return elapsed;
}

static uint64_t all_settled_inputs(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_all, avow_int(1), false);
}

static uint64_t all_pending_inputs(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_all, avow_int(1), true);
}

static uint64_t records_of_settled(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_all_settled, avow_int(1), false);
}

static uint64_t records_of_pending(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_all_settled, avow_int(1), true);
}

static uint64_t race_of_settled(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_race, avow_int(1), false);
}

static uint64_t race_of_pending(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_race, avow_int(1), true);
}

static uint64_t any_of_rejected(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_any, avow_error(UV_EIO), false);
}

static uint64_t any_of_pending(size_t n, size_t rounds) {
  return time_combine(n, rounds, avow_any, avow_error(UV_EIO), true);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "all, settled inputs", 10, all_settled_inputs, floor_queue, 15, 0 },
    { "all, settled inputs", 1000, all_settled_inputs, floor_queue, 15, 0 },
    { "all, settled inputs", 100000, all_settled_inputs, floor_queue, 33, 0 },
    { "all, pending inputs", 10, all_pending_inputs, floor_queue, 15, 0 },
    { "all, pending inputs", 1000, all_pending_inputs, floor_queue, 15, 0 },
    { "all, pending inputs", 100000, all_pending_inputs, floor_queue, 33, 0 },
    { "all_settled, settled", 10, records_of_settled, floor_queue, 18, 0 },
    { "all_settled, settled", 1000, records_of_settled, floor_queue, 18, 0 },
    { "all_settled, settled", 100000, records_of_settled, floor_queue, 36, 0 },
    { "all_settled, pending", 10, records_of_pending, floor_queue, 18, 0 },
    { "all_settled, pending", 1000, records_of_pending, floor_queue, 18, 0 },
    { "all_settled, pending", 100000, records_of_pending, floor_queue, 36, 0 },
    { "race, settled inputs", 10, race_of_settled, floor_queue, 15, 0 },
    { "race, settled inputs", 1000, race_of_settled, floor_queue, 15, 0 },
    { "race, settled inputs", 100000, race_of_settled, floor_queue, 33, 0 },
    { "race, pending inputs", 10, race_of_pending, floor_queue, 15, 0 },
    { "race, pending inputs", 1000, race_of_pending, floor_queue, 15, 0 },
    { "race, pending inputs", 100000, race_of_pending, floor_queue, 33, 0 },
    { "any, all rejected", 10, any_of_rejected, floor_queue, 15, 0 },
    { "any, all rejected", 1000, any_of_rejected, floor_queue, 15, 0 },
    { "any, all rejected", 100000, any_of_rejected, floor_queue, 33, 0 },
    { "any, pending, then rejected", 10, any_of_pending, floor_queue, 15, 0 },
    { "any, pending, then rejected", 1000, any_of_pending, floor_queue, 15, 0 },
    { "any, pending, then rejected", 100000, any_of_pending, floor_queue, 33,
      0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
