/* SPDX-License-Identifier: MIT */
/* The timers of a loop. */
#ifndef AVOW_SIM_UV_TIMER_H
#define AVOW_SIM_UV_TIMER_H

#include <stdint.h>
#include <uv.h>

/* Runs the timers that are due. */
void sim_timers_run(uv_loop_t *loop);

/* The time of the next timer, in ns of virtual time. UINT64_MAX if there is
   none. */
uint64_t sim_timers_next(const uv_loop_t *loop);

#endif
