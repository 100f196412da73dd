/* SPDX-License-Identifier: MIT */
/*
 * Senders. Any thread puts items into a ring, under a mutex (sender.c). The
 * loop has a second ring of the same size: it receives by exchanging the two,
 * and hands its channel one item after the other, each as a task, while the
 * channel takes them (sender_loop.c).
 *
 * A sender is mail to its loop. The first item that is put into an empty ring
 * posts the mail, and the loop keeps the mail until it finds nothing more: so a
 * burst wakes it once.
 *
 * An avow_sender_send() waits in `waiting`, a channel of capacity 0, until the
 * ring has capacity.
 *
 * Capacity 0 means no rings, no mutex, no mail and no port: each function acts
 * on the channel at once, on the loop's thread.
 *
 * The program's references count as one to the memory. The channel has another,
 * and the mail a third while the loop has it.
 */
#ifndef AVOW_SENDER_PRIVATE_H
#define AVOW_SENDER_PRIVATE_H

#include "avow/sender.h"
#include "channel/inside.h"
#include "engine/port.h"

struct avow_sender_s {
  /* The loop's thread's, but any thread posts the mail. */
  avow__source_t source;
  avow__mail_t mail;
  avow__ring_t *taken;
  avow_channel_t *waiting; /* no item is ever buffered there */
  bool held;               /* the mail, until the channel takes items */
  bool stopped;            /* the channel has ended */
  bool rests;              /* what was received is handed over */
  uv_loop_t *loop;         /* only to look up: it may be closed */
  /* Any thread's. A cache line apart, because both sides write. */
  char apart[AVOW__LINE];
  avow__port_t *port; /* NULL: capacity 0, or refused */
  atomic_size_t users;
  atomic_uint refs;
  uv_mutex_t mutex;
  uv_cond_t changed; /* there is capacity, or a code */
  avow__ring_t *sent;
  unsigned blocked; /* threads that wait for capacity */
  bool yields;      /* the last exchange left the ring to threads */
  bool called;      /* the mail is posted, or the loop has it */
  bool ended;       /* the program has released its last reference */
  int code;         /* why items are refused; 0: they are not */
};

/* Under the mutex. */
static inline bool avow__sender_is_full(const avow_sender_t *sender) {
  return sender->sent->count == sender->sent->size;
}

/* The loop's thread: whether sends wait for capacity. */
static inline bool avow__sender_has_queue(const avow_sender_t *sender) {
  return ((const avow_promise_t *) sender->waiting)->senders != NULL;
}

/* Any thread: releases a reference to the memory. */
void avow__sender_unref_memory(avow_sender_t *sender);

/* Sets what the sender's channel, and its port if it has one, call. */
void avow__sender_listen(avow_sender_t *sender);

/* Under the mutex, on the loop's thread: moves sends that wait into the ring,
   unless that is left to threads. */
void avow__sender_admit(avow_sender_t *sender);

#endif
