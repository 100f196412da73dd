/* SPDX-License-Identifier: MIT */
/* Runs of small programs in the simulator, and how they are to end. */
#ifndef RUNS_H
#define RUNS_H

#include "avow/sim.h"

/* With the usual options. */
avow_sim_result_t run_once(uint64_t seed, avow_sim_fn program, void *data);

/* It fails, the same way each time, and says this among other things. */
void assert_fails(avow_sim_fn program, const char *why);

avow_sim_result_t assert_passes(uint64_t seed, avow_sim_fn program, void *data);

#endif
