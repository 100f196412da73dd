/* SPDX-License-Identifier: MIT */
/*
 * Broadcasts: each item goes to all subscribers.
 *
 * A channel, in contrast, gives each item to one receiver. The subscribers
 * share the buffer: each item is in it once, until all have received it.
 */
#ifndef AVOW_BROADCAST_H
#define AVOW_BROADCAST_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A reference-counted broadcast; senders hold references. */
typedef struct avow_broadcast_s avow_broadcast_t;

/** Options of a broadcast; 0 in a field is its default. */
typedef struct avow_broadcast_options_s {
  /* Whether a send to a full buffer drops the oldest item. Subscribers that
     miss the item receive AVOW_EMISSED. By default, the send waits until the
     slowest subscriber has received the oldest item. */
  bool drops;
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_broadcast_options_t;

/**
 * Creates a broadcast that buffers up to `capacity` items, at least 1.
 *
 * The call allocates the memory of the whole buffer. `options` may be NULL. The
 * result is never NULL.
 *
 * @returns the broadcast; its operations reject with UV_EINVAL if a reserved
 *          field is not 0
 */
AVOW_API AVOW_MUST_USE avow_broadcast_t *avow_broadcast_new(
    uv_loop_t *loop, size_t capacity, const avow_broadcast_options_t *options);

/**
 * Sends `item` to all subscribers.
 *
 * `item` goes to the subscribers that exist when it is buffered. Without
 * subscribers, `item` is released. Items keep the order in which they are sent.
 *
 * @settles NONE when `item` is buffered
 * @rejects UV_EINVAL if `item` is NONE
 * @cancel  Removes and releases the item if it still waits for capacity.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_broadcast_send(
    const avow_broadcast_t *b, avow_value_t item);

/**
 * Subscribes to all items that are buffered from now on.
 *
 * These include the items of sends that wait now. To unsubscribe, close the
 * channel or release it. Sends then no longer wait for this subscriber.
 *
 * If the broadcast has dropped items that the subscriber had not received, the
 * next receive rejects with AVOW_EMISSED. The cause of this error is an INT,
 * the number of these items. The receive after it gets the oldest buffered
 * item. When the last reference to `b` is released, the channel ends after the
 * remaining items.
 *
 * @items   the items, in the order in which they are sent; errors with the code
 *          AVOW_EMISSED
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_broadcast_subscribe(
    const avow_broadcast_t *b);

/**
 * Counts the subscribers of `b`.
 *
 * @returns the number of channels that have a reference or a waiting receiver
 */
AVOW_API size_t avow_broadcast_subscribers(const avow_broadcast_t *b);

/** Adds a reference to `b`. */
AVOW_API avow_broadcast_t *avow_broadcast_ref(const avow_broadcast_t *b);

/**
 * Releases a reference to `b`, which may be NULL.
 *
 * Sends that wait still send their items. After the last release, the channels
 * of the subscribers end.
 */
AVOW_API void avow_broadcast_unref(avow_broadcast_t *b);

AVOW_HEADER_END

#endif
