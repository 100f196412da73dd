/* SPDX-License-Identifier: MIT */
/* The timers of a loop. */
#ifndef AVOW_SIM_UV_TIMER_H
#define AVOW_SIM_UV_TIMER_H

#include <stdint.h>
#include <uv.h>

/* Runs those that are due. */
void sim_timers_run(uv_loop_t *loop);

/* When the next is due, in ns of virtual time; UINT64_MAX if there is none. */
uint64_t sim_timers_next(const uv_loop_t *loop);

#endif
