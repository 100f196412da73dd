/* SPDX-License-Identifier: MIT */
/*
 * Audiences: channels that receive the same items, each at its own pace. Each
 * item has a number, and each listener has the number of its next item. A
 * listener that has received all items and wants another waits in a list.
 * Publishing an item therefore costs time only for each listener that waits.
 */
#ifndef AVOW_SUBSCRIBERS_H
#define AVOW_SUBSCRIBERS_H

#include "base/list.h"
#include "channel/channel.h"

typedef struct avow__subscribers_s avow__subscribers_t;

typedef struct avow__listener_s {
  avow__source_t source; /* first, because the channel has a pointer to it */
  avow__link_t
      link; /* in the subscribers' list `waiting`, if `waits` is true */
  avow__subscribers_t *subscribers;
  uint64_t next; /* number of the next item for this listener */
  bool waits;
} avow__listener_t;

typedef struct avow__subscribers_class_s {
  /* Returns the next item of a listener that has not received all, and advances
     the number of the listener. */
  avow_value_t (*tell)(avow__subscribers_t *subscribers,
                       avow__listener_t *listener);
  /* Called when a listener leaves, perhaps before it has received all items.
     NULL: no call is needed. */
  void (*left)(avow__subscribers_t *subscribers,
               const avow__listener_t *listener);
  /* Releases the list of subscribers with its contents. */
  void (*destroy)(avow__subscribers_t *subscribers);
} avow__subscribers_class_t;

struct avow__subscribers_s {
  const avow__subscribers_class_t *klass;
  avow__context_t *context;
  avow__link_t *waiting;
  uint32_t refs;  /* its tool, its listeners and running calls */
  size_t count;   /* of listeners */
  uint64_t next;  /* number of the next item */
  bool is_silent; /* the published items must not be received any more */
  bool is_over;   /* no more items follow */
};

/* Returns a channel of all items from the number `from` on. */
avow_channel_t *avow__subscribers_join(avow__subscribers_t *subscribers,
                                       uint64_t from);

/* Serves the waiting listeners after an item or the end. */
void avow__subscribers_serve(avow__subscribers_t *subscribers);

void avow__subscribers_ref(avow__subscribers_t *subscribers);
void avow__subscribers_unref(avow__subscribers_t *subscribers);

#endif
