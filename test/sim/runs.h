/* SPDX-License-Identifier: MIT */
/* Runs of small programs in the simulator, and assertions about their ends. */
#ifndef RUNS_H
#define RUNS_H

#include "avow/sim.h"

/* Uses the default options. */
avow_sim_result_t run_once(uint64_t seed, avow_sim_fn program, void *data);

/* Asserts that the program fails in the same way each time, and that the reason
   contains `why`. */
void assert_fails(avow_sim_fn program, const char *why);

avow_sim_result_t assert_passes(uint64_t seed, avow_sim_fn program, void *data);

#endif
