/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that have ended. Before libnats 3.6 its reading thread finds
 * the subscription of a message without holding it: it may look at one that has
 * ended meanwhile. So each is kept until the server has answered what was sent
 * behind that, for by then all is read that came before.
 */
#ifndef AVOW_NATS_RETIRED_H
#define AVOW_NATS_RETIRED_H

#include "avow/nats.h"

typedef struct spent_s spent_t;
struct spent_s {
  spent_t *next;
  natsSubscription *native;
};

/* A list of them: more than so many are worth a wait for the server. */
typedef struct {
  spent_t *first;
  unsigned count;
} spents_t;

enum { SPENT_MANY = 64 };

void avow__nats_spents_add(spents_t *spents, spent_t *spent);

/* Empties a list into another. */
void avow__nats_spents_move(spents_t *to, spents_t *from);

/* Does away with all. */
void avow__nats_spents_free(spents_t *spents);

#endif
