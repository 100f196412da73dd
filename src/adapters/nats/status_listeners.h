/* SPDX-License-Identifier: MIT */
/* Listeners to the status of a connection, on any thread. */
#ifndef AVOW_NATS_STATUS_LISTENERS_H
#define AVOW_NATS_STATUS_LISTENERS_H

#include "avow/nats.h"
#include "avow/sender.h"

typedef struct status_listener_s status_listener_t;

typedef struct {
  natsConnStatus now;
  status_listener_t *listeners;
} states_t;

/* All these functions are called under the thread's mutex. Takes ownership of
   `sender`. Returns false if out of memory. */
bool avow__nats_states_add(states_t *s, avow_sender_t *sender);

void avow__nats_states_set(states_t *s, natsConnStatus status);

/* Sends an error and then the current status. */
void avow__nats_states_fail(states_t *s, const avow_value_t *why);

/* Removes all listeners. */
void avow__nats_states_end(states_t *s);

#endif
