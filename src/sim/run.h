/* SPDX-License-Identifier: MIT */
/* The questions that a loop asks its run. */
#ifndef AVOW_SIM_RUN_H
#define AVOW_SIM_RUN_H

#include "sim/world.h"

/* Called when an iteration begins. Returns whether to run it. A failed run
   returns to the caller of uv_run(). If it does not get there, it is cut
   off. */
bool sim_run_goes_on(void);

/* Called when the loop would block forever. */
void sim_run_stuck(uv_loop_t *loop);

/* Called when a function of libuv would block forever. `waits` completes the
   message: "waits for …". Does not return. */
void sim_run_hangs(const char *function, const char *waits);

#endif
