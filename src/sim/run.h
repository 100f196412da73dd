/* SPDX-License-Identifier: MIT */
/* What a loop asks of the run that it is part of. */
#ifndef AVOW_SIM_RUN_H
#define AVOW_SIM_RUN_H

#include "sim/world.h"

/* A turn begins: whether there is to be one. A run that has failed goes back to
   who began it, and if it does not come there, it is cut off. */
bool sim_run_goes_on(void);

/* The loop would block for ever. */
void sim_run_stuck(uv_loop_t *loop);

/* That function of libuv would: it "waits for …". Does not come back. */
void sim_run_hangs(const char *function, const char *waits);

#endif
