/* SPDX-License-Identifier: MIT */
/* The events of a run, and the failure that ends it. */
#ifndef AVOW_SIM_EVENT_LOG_H
#define AVOW_SIM_EVENT_LOG_H

#include <stdint.h>

#include "avow/config.h"

/* Records an event. The event goes into the hash, and the last events are kept
   as text. Its text must be the same on each machine: no memory addresses, no
   sizes of structs. */
void sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

/* Fails the run, which ends with this iteration of the loop. Only the first
   reason is reported. Outside a run, the function prints the reason and
   aborts. */
void sim_fail(const char *format, ...) AVOW_PRINTF(1, 2);

/* Fails the run because a function is not simulated. Returns UV_ENOTSUP. */
int sim_refuse(const char *function);

/* Mixes a number into the hash of the history. */
void sim_history_mix(uint64_t number);

/* The event that lies `back` events before the last one, or NULL if it is not
   kept. */
const char *sim_history_line(uint64_t back);

/* The advice for a run that exceeds a limit of its options. */
#define SIM_MORE                                           \
  "if the run would end, raise max_events of the options," \
  " or --max-events"

#endif
