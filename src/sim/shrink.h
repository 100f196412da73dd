/* SPDX-License-Identifier: MIT */
/* What a failure does not take is left out of it. */
#ifndef AVOW_SIM_SHRINK_H
#define AVOW_SIM_SHRINK_H

#include "sim/picks.h"

/* Runs with those alone, and adds the ones that were made of them to taken.
   Whether it fails in the same way as the whole did. */
typedef bool (*sim_fails_fn)(const sim_picks_t *only, sim_picks_t *taken,
                             void *data);

/* Of the choices of a run that fails, in place: such that it fails still, and
   that, if so many runs are enough, none of them can be left out. */
void sim_shrink(sim_picks_t *picks, sim_fails_fn fails, void *data,
                unsigned runs);

#endif
