/* SPDX-License-Identifier: MIT */
/*
 * Broadcasts: each item to all who have subscribed, as a channel gives it to
 * one. It is held once, however many are still to take it, with a capacity of
 * so many.
 */
#ifndef AVOW_BROADCAST_H
#define AVOW_BROADCAST_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A broadcast, which goes with its last reference. */
typedef struct avow_broadcast_s avow_broadcast_t;

/** Zero in a field stands for its default. */
typedef struct avow_broadcast_options_s {
  bool drops;           /* the oldest item where it is full, and tells those who
                 miss it; else who sends waits for the slowest to take it */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_broadcast_options_t;

/**
 * A broadcast with a capacity of so many items that somebody is to take, one
 * at least, for which the memory is there from the beginning. options may be
 * NULL. Never NULL: without memory what is asked of it rejects with UV_ENOMEM.
 */
AVOW_API AVOW_MUST_USE avow_broadcast_t *avow_broadcast_new(
    uv_loop_t *loop, size_t capacity, const avow_broadcast_options_t *options);

/**
 * NONE once the item was buffered, which then goes to all who have
 * subscribed by now; where nobody has it is released. Items keep the order of
 * sending. UV_EINVAL for NONE. Cancelling while it waits takes the
 * item back out and releases it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_broadcast_send(
    const avow_broadcast_t *b, avow_value_t item);

/**
 * A channel of all items that are buffered from now on, in their order; those
 * that wait as this is called are among them. Who is not interested any more
 * lets go of the channel, or closes it: what it holds up goes on. Where items
 * are dropped its next item may be an error, AVOW_EMISSED, whose cause is an
 * INT, how many it was too late for; behind that it goes on with the oldest
 * that is there. When the last reference to b goes it ends, behind the last
 * item.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_broadcast_subscribe(
    const avow_broadcast_t *b);

/** How many such channels there are that somebody holds or waits at. */
AVOW_API size_t avow_broadcast_subscribers(const avow_broadcast_t *b);

/** One more reference, for one more who sends. */
AVOW_API avow_broadcast_t *avow_broadcast_ref(const avow_broadcast_t *b);

/** Lets go of b, which may be NULL. Sends that wait go their way. */
AVOW_API void avow_broadcast_unref(avow_broadcast_t *b);

AVOW_HEADER_END

#endif
