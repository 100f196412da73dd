/* SPDX-License-Identifier: MIT */
/* Looking for a seed that fails, and telling of it. */
#ifndef AVOW_SIM_HUNT_H
#define AVOW_SIM_HUNT_H

#include "avow/sim.h"
#include "sim/picks.h"

typedef struct sim_hunt_s {
  const char *name; /* how the program was called */
  const char *more; /* what else it was called with, that makes a difference */
  avow_sim_fn program;
  void *data;
  avow_sim_options_t options;
} sim_hunt_t;

/* What comes of it, as the status with which a program ends. */
enum { SIM_IS_FINE = 0, SIM_FAILS = 1, SIM_WHAT = 2, SIM_NEVER_CAME = 3 };

/* So many seeds, until one fails, which is told of. */
int sim_hunt(const sim_hunt_t *hunt, uint64_t from, uint64_t seeds);

/* One seed, with those choices alone if only is not NULL, and all its events.
   SIM_NEVER_CAME if it is fine, but for choices of only that it has not. */
int sim_replay(const sim_hunt_t *hunt, uint64_t seed, const sim_picks_t *only);

/* Leaves out of a seed that fails what that does not take, and tells of it. */
void sim_reduce(const sim_hunt_t *hunt, uint64_t seed, const sim_picks_t *only);

#endif
