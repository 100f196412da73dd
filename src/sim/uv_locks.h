/* SPDX-License-Identifier: MIT */
/* The mutexes and locks that a run holds. */
#ifndef AVOW_SIM_UV_LOCKS_H
#define AVOW_SIM_UV_LOCKS_H

#include <stdbool.h>

/* Called when a run has ended or its machine has stopped. If `whole` is true, a
   lock that is still held fails the run. */
void sim_locks_end(bool whole);

/* The time limit for locks that other threads hold, in real time. */
extern unsigned sim_locks_patience_ms;

#endif
