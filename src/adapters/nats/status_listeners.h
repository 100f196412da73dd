/* SPDX-License-Identifier: MIT */
/* Who wants to know how a connection is, of any thread. */
#ifndef AVOW_NATS_STATUS_LISTENERS_H
#define AVOW_NATS_STATUS_LISTENERS_H

#include "avow/nats.h"
#include "avow/sender.h"

typedef struct listener_s listener_t;

typedef struct {
  natsConnStatus now;
  listener_t *listeners;
} states_t;

/* Under the wire's mutex, all of these. Takes sender; false: no memory. */
bool avow__nats_states_add(states_t *s, avow_sender_t *sender);

void avow__nats_states_set(states_t *s, natsConnStatus status);

/* An error, and then how it is. */
void avow__nats_states_fail(states_t *s, const avow_value_t *why);

/* Nobody hears of it any more. */
void avow__nats_states_end(states_t *s);

#endif
