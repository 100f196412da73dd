/* SPDX-License-Identifier: MIT */
/*
 * Senders. Any thread adds items to a ring (sender.c, sender_ring.h). The loop
 * has a second ring of the same capacity, and moves all items to it at once. It
 * hands these items to its channel one by one, each as an event, while the
 * channel takes them (sender_loop.c).
 *
 * Adding an item needs no lock, except in a ring that is full or has the flag
 * LOCKED. A ring has that flag while sends wait, while an item is replaced, and
 * after the channel has ended.
 *
 * A sender is mail to its loop. The thread that adds an item to an idle ring
 * posts the mail. The loop keeps the mail until it finds no more items, and
 * then the ring is idle again. So a burst of items wakes the loop once.
 *
 * An avow_sender_send() waits in `waiting`, a channel of capacity 0, until the
 * ring has capacity.
 *
 * Capacity 0 means no rings, no mutex, no mail and no port. Each function acts
 * on the channel at once, on the loop's thread.
 *
 * The references of the program count as one reference to the memory. The
 * channel has another, and the mail a third while the loop has the mail.
 */
#ifndef AVOW_SENDER_PRIVATE_H
#define AVOW_SENDER_PRIVATE_H

#include "avow/sender.h"
#include "channel/inside.h"
#include "engine/port.h"
#include "flow/sender_ring.h"

struct avow_sender_s {
  /* Fields for the loop's thread, except that any thread posts the mail. */
  avow__source_t source;
  avow__mail_t mail;
  avow__ring_t *taken;
  avow_channel_t *waiting; /* never buffers an item */
  bool held;       /* the loop keeps the mail until the channel takes items */
  bool stopped;    /* the channel has ended */
  bool rests;      /* all received items are handed over */
  uv_loop_t *loop; /* for lookups only, because it may be closed */
  /* Fields for any thread. A separate cache line, because both sides write. */
  char apart[AVOW__LINE];
  avow__port_t *port; /* NULL: capacity 0, or refused */
  atomic_size_t users;
  atomic_uint refs;
  avow__sender_ring_t *sent;
  uv_mutex_t mutex;
  uv_cond_t changed; /* signals new capacity or a new code */
  unsigned blocked;  /* threads that wait for capacity */
  bool yields;       /* the last move left the ring to threads */
  bool ended;        /* the program has released its last reference */
  int code;          /* why items are refused; 0: accepted */
};

/* On the loop's thread. Returns whether sends wait for capacity. */
static inline bool avow__sender_has_queue(const avow_sender_t *sender) {
  return ((const avow_promise_t *) sender->waiting)->senders != NULL;
}

/* On any thread. Releases a reference to the memory. */
void avow__sender_unref_memory(avow_sender_t *sender);

/* Sets the callbacks for the sender's channel, and for its port if it has
   one. */
void avow__sender_listen(avow_sender_t *sender);

/* Under the mutex, on the loop's thread. Moves sends that wait into the ring,
   unless the ring is left to threads. */
void avow__sender_admit(avow_sender_t *sender);

#endif
