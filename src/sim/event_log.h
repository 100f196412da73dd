/* SPDX-License-Identifier: MIT */
/* The events of a run, and the failure that ends it. */
#ifndef AVOW_SIM_EVENT_LOG_H
#define AVOW_SIM_EVENT_LOG_H

#include <stdint.h>

#include "avow/config.h"

/* An event. It goes into the hash, and the last ones are kept as text, so it
   has to be the same on each machine: no addresses of memory, no sizes of
   structs. */
void sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

/* Fails the run, which ends with this turn of the loop. The first reason is the
   one that is told. Outside of a run it says so and ends the process. */
void sim_fail(const char *format, ...) AVOW_PRINTF(1, 2);

/* For a function that is not simulated: UV_ENOTSUP, and it fails the run. */
int sim_refuse(const char *function);

/* Mixes a number into the hash of the history. */
void sim_history_mix(uint64_t number);

/* The event that many back from the last one; NULL if none is kept there. */
const char *sim_history_line(uint64_t back);

/* Of a run that has more than the options allow. */
#define SIM_MORE                                                            \
  "if it does come to an end, allow for more by max_events of the options," \
  " or --max-events"

#endif
