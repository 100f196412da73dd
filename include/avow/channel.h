/* SPDX-License-Identifier: MIT */
/*
 * Channels: queues of values, with backpressure.
 *
 * A channel passes items from senders to receivers, in order, and buffers up to
 * its capacity. NONE marks the end and cannot be sent. After
 * avow_channel_end(), receivers get the remaining items and then only NONE.
 * After avow_channel_fail(), receivers get the remaining items and then only
 * the error. After avow_channel_close(), receivers get only NONE.
 *
 * Repeated events of libuv, such as signals, connections and datagrams, arrive
 * in channels that avow fills from a source. A source pauses while its channel
 * is full. It keeps the loop alive only while a receiver waits for an item. It
 * stops when the channel ends or its last reference is released.
 */
#ifndef AVOW_CHANNEL_H
#define AVOW_CHANNEL_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A reference-counted channel. */
typedef struct avow_channel_s avow_channel_t;

/**
 * Creates a channel that buffers up to `capacity` items.
 *
 * With a `capacity` of 0, each send waits for a receiver. The result is never
 * NULL: if there is no memory for a channel, all calls on the result reject
 * with UV_ENOMEM. The release of the last reference closes the channel, as
 * avow_channel_close() does, even while promises of the channel are pending.
 *
 * @items   any values except NONE, in the order in which they are sent
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_new(uv_loop_t *loop,
                                                        size_t capacity);

/**
 * Receives the next item.
 *
 * Pending receives get items in the order of the calls.
 *
 * @settles the item, which the promise owns; NONE at the end
 * @rejects with the item if it is an error
 * @rejects with the error of avow_channel_fail() after the last item
 * @cancel  If the promise is pending, receives no item. If it has settled, the
 *          item is released with the promise.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_next(
    const avow_channel_t *c);

/**
 * Receives one item of `c` and releases `c`.
 *
 * Takes ownership of `c`, as in avow_channel_first(avow_signals(loop, SIGINT)).
 * `c` is released when the promise settles or is canceled.
 *
 * @settles the item; NONE at the end
 * @rejects with the item if it is an error
 * @rejects with the error of avow_channel_fail() after the last item
 * @cancel  Receives no item and releases `c`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_first(avow_channel_t *c);

/**
 * Sends `item` and waits for capacity.
 *
 * Items keep the order in which they are sent. If `item` is avow_follow(p), the
 * promise of the receive waits for `p`.
 *
 * @settles NONE when the item is buffered or received
 * @rejects UV_EINVAL if `item` is NONE
 * @rejects UV_EPIPE if the channel has ended or is closed, or closes while
 *          `item` waits
 * @rejects with the error of avow_channel_fail() if the channel has failed
 * @rejects UV_EALREADY if avow fills the channel, for example with events of
 *          libuv or items of a stage
 * @cancel  Removes the item if it still waits, and releases it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_send(
    const avow_channel_t *c, avow_value_t item);

/**
 * Receives the next item if there is one now.
 *
 * If the next item is a promise, `*out` is that promise. If avow fills the
 * channel, the call also receives an item that has arrived at the source of the
 * channel, but is not in the channel yet.
 *
 * The call does not keep the loop alive. If the loop has no other work,
 * uv_run() returns before it polls. A program that only calls this function and
 * uv_run() then gets no event.
 *
 * After avow_channel_fail() and the remaining items, each call gives the error.
 * After avow_loop_close() each call gives the error UV_ECANCELED.
 *
 * @returns 0 if `*out` has the result: the item; NONE at the end; an error if
 *          avow_channel_next() would reject
 * @error   UV_EAGAIN if the caller would have to wait; `*out` is NONE
 */
AVOW_API AVOW_MUST_USE int avow_channel_try_next(const avow_channel_t *c,
                                                 avow_value_t *out);

/**
 * Sends `item` if there is capacity now.
 *
 * Takes ownership of `item`, unless the call returns UV_EAGAIN.
 *
 * @returns 0 if the item was sent
 * @error   UV_EAGAIN if the channel is full or, with a capacity of 0, no
 *          receiver waits; the caller still owns `item`
 * @error   UV_EINVAL if `item` is NONE
 * @error   UV_EPIPE if the channel has ended or is closed
 * @error   the code of the error of avow_channel_fail() if the channel has
 *          failed; UV_EPIPE if that code is UV_EAGAIN
 * @error   UV_EALREADY if avow fills the channel, for example with events of
 *          libuv or items of a stage
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_ENOMEM if there is no memory for the item
 */
AVOW_API AVOW_MUST_USE int avow_channel_try_send(const avow_channel_t *c,
                                                 avow_value_t item);

/**
 * Ends the channel: no more items can be sent.
 *
 * Receivers still get the buffered items and the items of pending sends, and
 * then NONE.
 */
AVOW_API void avow_channel_end(const avow_channel_t *c);

/**
 * Ends the channel with `error`: no more items can be sent.
 *
 * Receivers still get the buffered items and the items of pending sends. Then
 * each avow_channel_next() rejects with `error`. If `error` is not an error, it
 * becomes the cause of an AVOW_EREASON.
 */
AVOW_API void avow_channel_fail(const avow_channel_t *c, avow_value_t error);

/**
 * Closes the channel and releases its buffered items.
 *
 * Pending sends reject with UV_EPIPE. Pending and later receives fulfill with
 * NONE.
 */
AVOW_API void avow_channel_close(const avow_channel_t *c);

/** Adds a reference to `c`. */
AVOW_API avow_channel_t *avow_channel_ref(const avow_channel_t *c);

/**
 * Releases a reference to `c`, which may be NULL.
 *
 * The release of the last reference closes the channel.
 */
AVOW_API void avow_channel_unref(avow_channel_t *c);

/**
 * Releases a reference to `*c`, which may be NULL, and sets `*c` to NULL.
 *
 * The release of the last reference closes the channel.
 */
AVOW_API void avow_channel_clear(avow_channel_t **c);

AVOW_HEADER_END

#endif
