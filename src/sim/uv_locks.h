/* SPDX-License-Identifier: MIT */
/* What a run holds of mutexes and locks. */
#ifndef AVOW_SIM_UV_LOCKS_H
#define AVOW_SIM_UV_LOCKS_H

#include <stdbool.h>

/* A run is over, or its machine has stopped; whole: it has failed if it has
   left something locked. */
void sim_locks_end(bool whole);

/* How long what other threads hold is waited for, of the time outside. */
extern unsigned sim_locks_patience_ms;

#endif
