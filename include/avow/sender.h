/* SPDX-License-Identifier: MIT */
/*
 * Senders. A sender is a sending end of a channel for several users: each holds
 * a reference, and the last release ends the channel.
 *
 * A sender with a capacity is for any thread. It buffers items until the loop
 * receives them. When a receiver waits or the channel has capacity, the loop
 * receives all buffered items at once. Then it gives the channel one item after
 * the other, each as a task. So at most these items are under way: `capacity`
 * in the sender, `capacity` that the loop received, and those that the channel
 * buffers. A burst wakes the loop once. avow_channel_try_next() receives what
 * came together with an item at the least cost.
 *
 * A sender of capacity 0 buffers nothing and is only for the loop's thread. It
 * has neither a mutex nor a handle, and it does not keep the loop alive.
 *
 * No function here is for signal handlers, because senders lock a mutex.
 */
#ifndef AVOW_SENDER_H
#define AVOW_SENDER_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A reference-counted sending end of a channel. */
typedef struct avow_sender_s avow_sender_t;

/**
 * Creates the sender of `c`; never returns NULL.
 *
 * The caller must be on the loop's thread. The sender borrows `c` and does not
 * keep it. The release of the last reference ends the channel after all items
 * that were sent. With a capacity, a receiver that waits keeps the loop alive
 * until then.
 *
 * @returns the sender; if it could not be created, a sender that refuses each
 *          item with the reason: UV_EALREADY if `c` has a sender (use
 *          avow_sender_ref() to add a reference to that) or if avow fills `c`;
 *          any other reason also fails `c`
 */
AVOW_API AVOW_MUST_USE avow_sender_t *avow_sender_new(const avow_channel_t *c,
                                                      size_t capacity);

/**
 * Sends `item` and waits for capacity.
 *
 * The caller must be on the loop's thread. A send that waits outlives the
 * sender. With a capacity, `item` must be able to change threads, as for
 * avow_remote_resolve(), and sends that wait and threads that block take turns.
 *
 * @settles NONE when the item is buffered or received: in the channel with
 *          capacity 0, otherwise in the sender
 * @rejects UV_EPIPE if the channel has ended or is closed; if it failed, the
 *          code of its error
 * @rejects UV_EPIPE if the channel ends while `item` waits in the sender
 * @rejects UV_ECANCELED if the loop is closed
 * @rejects UV_EINVAL if `item` is NONE
 * @rejects AVOW_EMISUSE if `item` cannot change threads
 * @cancel  Removes the item if it still waits.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sender_send(const avow_sender_t *s,
                                                        avow_value_t item);

/**
 * Sends `item` if there is capacity now.
 *
 * Takes ownership of `item` unless it returns UV_EAGAIN. `item` must be able to
 * change threads, as for avow_remote_resolve(), unless the capacity is 0. A
 * result of 0 does not say that the item will be received: a channel that ends
 * otherwise than by its sender releases buffered items.
 *
 * @returns 0 if the item was sent
 * @error   UV_EAGAIN if there is no capacity; the caller still owns `item`
 * @error   UV_EPIPE if the channel has ended or is closed; if it failed, the
 *          code of its error
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_EINVAL if `item` is NONE
 * @error   AVOW_EMISUSE if `item` cannot change threads
 * @thread  any, unless the capacity is 0
 */
AVOW_API AVOW_MUST_USE int avow_sender_try_send(const avow_sender_t *s,
                                                avow_value_t item);

/**
 * Sends `item` and blocks the thread until there is capacity.
 *
 * Takes ownership of `item`, which must be able to change threads. On the
 * loop's own thread a full sender is misuse, because the loop would wait for
 * itself. That is the thread that ran the loop last, or before the first run
 * the thread that created the sender.
 *
 * @returns 0 if the item was sent
 * @error   UV_EPIPE if the channel has ended or is closed; if it failed, the
 *          code of its error
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_EINVAL if `item` is NONE
 * @error   AVOW_EMISUSE if `item` cannot change threads, or if the loop's
 *          thread or a sender of capacity 0 would block
 * @blocks  until the loop receives items, the channel ends or the loop closes
 * @thread  any
 */
AVOW_API int avow_sender_blocking_send(const avow_sender_t *s,
                                       avow_value_t item);

/**
 * Sends `item`; if there is no capacity, drops the oldest buffered item.
 *
 * Takes ownership of `item`, which must be able to change threads. Items that
 * the loop has received are not dropped. Use it where only new items matter.
 *
 * @returns 0 if the item was sent
 * @error   UV_EPIPE if the channel has ended or is closed; if it failed, the
 *          code of its error
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_EINVAL if `item` is NONE
 * @error   AVOW_EMISUSE if `item` cannot change threads, or if the capacity is
 *          0 and the channel is full
 * @thread  any, unless the capacity is 0
 */
AVOW_API int avow_sender_replace(const avow_sender_t *s, avow_value_t item);

/**
 * Adds a reference to `s`.
 *
 * @thread  any, unless the capacity is 0
 */
AVOW_API avow_sender_t *avow_sender_ref(const avow_sender_t *s);

/**
 * Releases a reference to `s`, which may be NULL.
 *
 * @thread  any, unless the capacity is 0
 */
AVOW_API void avow_sender_unref(avow_sender_t *s);

/**
 * Releases a reference to `*s`, which may be NULL, and sets `*s` to NULL.
 *
 * @thread  any, unless the capacity is 0
 */
AVOW_API void avow_sender_clear(avow_sender_t **s);

AVOW_HEADER_END

#ifdef __GNUC__
/**
 * Declares a sender that avow_sender_clear() releases with the block.
 *
 * Initialize it: AVOW_AUTO_SENDER s = NULL; see auto.h for the rules.
 */
#  define AVOW_AUTO_SENDER \
    __attribute__((cleanup(avow_sender_clear))) avow_sender_t *
#endif

#endif
