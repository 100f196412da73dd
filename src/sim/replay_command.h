/* SPDX-License-Identifier: MIT */
/* The shell command that repeats a run. */
#ifndef AVOW_SIM_REPLAY_COMMAND_H
#define AVOW_SIM_REPLAY_COMMAND_H

#include "sim/seed_search.h"

/* Allows all choices if `only` is NULL, otherwise only those. The caller frees
   the result with free(). */
char *sim_replay_command(const sim_search_t *search, uint64_t seed,
                         const sim_picks_t *only);

#endif
