/* SPDX-License-Identifier: MIT */
/*
 * Delta debugging (Zeller and Hildebrandt 2002) over the choices that were not
 * plain. It first leaves out all choices of a kind, then halves, quarters, and
 * so on down to single choices. Choices that do not occur in a shortened run
 * are dropped as well.
 */
#include "sim/shrink.h"

typedef struct {
  sim_picks_t *picks;
  sim_fails_fn fails;
  void *data;
  unsigned runs; /* runs that are left */
} shrink_t;

/* Runs without the `n` picks from index `begin` on. If the run still fails, it
   drops these picks and returns true. */
static bool shrink_leaves_out(shrink_t *shrink, size_t begin, size_t n) {
  if (shrink->runs == 0)
    return false;
  shrink->runs--;
  sim_picks_t rest = sim_picks_without(shrink->picks, begin, n);
  sim_picks_t taken = { .at = NULL };
  const bool fails = shrink->fails(&rest, &taken, shrink->data);
  if (fails) {
    sim_picks_sort(&taken);
    sim_picks_free(shrink->picks);
    *shrink->picks = taken;
  } else {
    sim_picks_free(&taken);
  }
  sim_picks_free(&rest);
  return fails;
}

static size_t kind_end(const sim_picks_t *picks, size_t begin) {
  size_t end = begin;
  while (end < picks->n && picks->at[end].name == picks->at[begin].name)
    end++;
  return end;
}

static void leave_out_kinds(shrink_t *shrink) {
  size_t begin = 0;
  while (begin < shrink->picks->n) {
    const size_t end = kind_end(shrink->picks, begin);
    if (!shrink_leaves_out(shrink, begin, end - begin))
      begin = end;
  }
}

/* Leaves out `size` picks at a time. Returns whether any were dropped. */
static bool leave_out_some(shrink_t *shrink, size_t size) {
  bool gone = false;
  size_t begin = 0;
  while (begin < shrink->picks->n) {
    if (shrink_leaves_out(shrink, begin, size))
      gone = true;
    else
      begin += size;
  }
  return gone;
}

void sim_shrink(sim_picks_t *picks, sim_fails_fn fails, void *data,
                unsigned runs) {
  shrink_t shrink = { picks, fails, data, runs };
  sim_picks_sort(picks);
  leave_out_kinds(&shrink);
  for (size_t size = picks->n / 2; size > 1; size /= 2)
    (void) leave_out_some(&shrink, size);
  while (shrink.runs > 0 && leave_out_some(&shrink, 1))
    continue;
}
