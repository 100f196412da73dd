/* SPDX-License-Identifier: MIT */
/* Idle, prepare and check handles. Each type has its own phase of the loop. */
#ifndef AVOW_SIM_UV_WATCHERS_H
#define AVOW_SIM_UV_WATCHERS_H

#include "sim/loop.h"

void sim_phase_run(uv_loop_t *loop, sim_phase_t phase);

#endif
