/* SPDX-License-Identifier: MIT */
/*
 * Broadcasts: each item goes to all subscribers.
 *
 * A channel, in contrast, gives each item to one receiver. The capacity is
 * shared: an item is buffered once, however many subscribers have not received
 * it.
 */
#ifndef AVOW_BROADCAST_H
#define AVOW_BROADCAST_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A reference-counted broadcast; senders hold references. */
typedef struct avow_broadcast_s avow_broadcast_t;

/** Options of a broadcast; 0 in a field is its default. */
typedef struct avow_broadcast_options_s {
  bool drops;           /* true: a send to a full broadcast drops the oldest
                 item, and subscribers that miss it are told; false: a send
                 waits until the slowest subscriber has received that item */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_broadcast_options_t;

/**
 * Creates a broadcast that buffers up to `capacity` items, at least 1.
 *
 * The memory for the items is allocated here. `options` may be NULL. Never
 * returns NULL.
 *
 * @returns the broadcast; its operations reject with UV_EINVAL if a reserved
 *          field is not 0
 */
AVOW_API AVOW_MUST_USE avow_broadcast_t *avow_broadcast_new(
    uv_loop_t *loop, size_t capacity, const avow_broadcast_options_t *options);

/**
 * Sends `item` to all subscribers.
 *
 * The subscribers are those that exist when the item is buffered. Without
 * subscribers, `item` is released. Items keep the order of sending.
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
 * Items of sends that wait for capacity now are among them. To unsubscribe,
 * close the channel or release it; then sends do not wait for it any more.
 *
 * If items are dropped, the next item may be an error with the code
 * AVOW_EMISSED. Its cause is an INT, the number of missed items. The items
 * after it begin with the oldest that is buffered. The channel ends after the
 * last item when the last reference to `b` is released.
 *
 * @items   the items sent, in the order of sending; errors with the code
 *          AVOW_EMISSED
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_broadcast_subscribe(
    const avow_broadcast_t *b);

/**
 * Counts the subscribers of `b`.
 *
 * @returns the number of channels that have a reference or a receiver
 */
AVOW_API size_t avow_broadcast_subscribers(const avow_broadcast_t *b);

/** Adds a reference to `b`. */
AVOW_API avow_broadcast_t *avow_broadcast_ref(const avow_broadcast_t *b);

/**
 * Releases a reference to `b`, which may be NULL.
 *
 * Pending sends are not affected.
 */
AVOW_API void avow_broadcast_unref(avow_broadcast_t *b);

AVOW_HEADER_END

#endif
