/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions that have ended. Before libnats 3.6, its reading thread takes
 * no reference to the subscription of a message, and may use one that has ended
 * meanwhile. Each is therefore kept until the server has answered a later ping.
 * By then, all earlier messages have been read.
 */
#ifndef AVOW_NATS_RETIRED_H
#define AVOW_NATS_RETIRED_H

#include "avow/nats.h"

typedef struct retired_s retired_t;
struct retired_s {
  retired_t *next;
  natsSubscription *native;
};

/* List of retired subscriptions. If there are more than RETIRED_MANY, the
   thread waits longer for the server. */
typedef struct {
  retired_t *first;
  unsigned count;
} retired_list_t;

enum { RETIRED_MANY = 64 };

void avow__nats_retired_add(retired_list_t *retired_list, retired_t *retired);

/* Moves all elements of `from` to `to`. */
void avow__nats_retired_move(retired_list_t *to, retired_list_t *from);

/* Frees all elements. */
void avow__nats_retired_free(retired_list_t *retired_list);

#endif
