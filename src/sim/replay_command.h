/* SPDX-License-Identifier: MIT */
/* The line for a shell that has a run again. */
#ifndef AVOW_SIM_REPLAY_COMMAND_H
#define AVOW_SIM_REPLAY_COMMAND_H

#include "sim/hunt.h"

/* All choices if only is NULL, else those alone. For free(). */
char *sim_replay_command(const sim_hunt_t *hunt, uint64_t seed,
                         const sim_picks_t *only);

#endif
