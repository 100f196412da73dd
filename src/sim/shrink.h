/* SPDX-License-Identifier: MIT */
/* Removes the choices that a failure does not need. */
#ifndef AVOW_SIM_SHRINK_H
#define AVOW_SIM_SHRINK_H

#include "sim/picks.h"

/* Runs with only these choices and adds those that occurred to `taken`. Returns
   whether the run fails in the same way as the complete run. */
typedef bool (*sim_fails_fn)(const sim_picks_t *only, sim_picks_t *taken,
                             void *data);

/* Reduces the choices of a failing run in place. The result still fails. If
   `runs` runs are enough, none of its choices can be left out. */
void sim_shrink(sim_picks_t *picks, sim_fails_fn fails, void *data,
                unsigned runs);

#endif
