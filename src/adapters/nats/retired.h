/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that have ended. Before libnats 3.6, its reading thread finds
 * the subscription of a message without a reference, and may use one that has
 * ended meanwhile. Each is therefore kept until the server has answered a later
 * ping. By then, all earlier messages have been read.
 */
#ifndef AVOW_NATS_RETIRED_H
#define AVOW_NATS_RETIRED_H

#include "avow/nats.h"

typedef struct spent_s spent_t;
struct spent_s {
  spent_t *next;
  natsSubscription *native;
};

/* List of them. More than SPENT_MANY justify waiting for the server. */
typedef struct {
  spent_t *first;
  unsigned count;
} spents_t;

enum { SPENT_MANY = 64 };

void avow__nats_spents_add(spents_t *spents, spent_t *spent);

/* Moves all elements of `from` to `to`. */
void avow__nats_spents_move(spents_t *to, spents_t *from);

/* Frees all elements. */
void avow__nats_spents_free(spents_t *spents);

#endif
