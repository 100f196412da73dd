/* SPDX-License-Identifier: MIT */
/* Searches for a failing seed and reports it. */
#ifndef AVOW_SIM_SEED_SEARCH_H
#define AVOW_SIM_SEED_SEARCH_H

#include "avow/sim.h"
#include "sim/picks.h"

typedef struct sim_search_s {
  const char *name; /* name of the program on the command line */
  const char *more; /* other arguments that affect the run */
  avow_sim_fn program;
  void *data;
  avow_sim_options_t options;
} sim_search_t;

/* The results, which are also exit statuses. */
enum { SIM_IS_FINE = 0, SIM_FAILS = 1, SIM_WHAT = 2, SIM_NEVER_CAME = 3 };

/* Runs `seeds` seeds, stops at the first one that fails, and reports it. */
int sim_search_seeds(const sim_search_t *search, uint64_t from, uint64_t seeds);

/* Runs one seed and prints all its events. If `only` is not NULL, all other
   choices are plain. SIM_NEVER_CAME: the run is fine, but some choices of
   `only` did not occur. */
int sim_replay(const sim_search_t *search, uint64_t seed,
               const sim_picks_t *only);

/* Finds the choices that a failing seed needs to fail, and reports them. */
void sim_reduce(const sim_search_t *search, uint64_t seed,
                const sim_picks_t *only);

#endif
