/* SPDX-License-Identifier: MIT */
/*
 * Senders. A sender is the sending end of a channel, which several users can
 * share. Each user holds a reference, and the last release ends the channel.
 *
 * Any thread may use a sender whose capacity is not 0. The sender buffers items
 * until the loop removes them. When a receiver waits or the channel has
 * capacity, the loop removes all items from the sender at once. It then passes
 * them to the channel one by one, and runs the jobs of each item before the
 * next. The sender and the loop each hold at most `capacity` items. The channel
 * buffers further items.
 *
 * Items that are sent in quick succession wake the loop once. To receive them
 * at the least cost, call avow_channel_try_next() after the first item.
 *
 * A sender of capacity 0 buffers nothing and is only for the loop's thread. It
 * has neither a mutex nor a handle, and it does not keep the loop alive.
 *
 * Do not call these functions in a signal handler, because senders lock a
 * mutex.
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
 * The caller must be on the loop's thread. The sender adds no reference to `c`.
 * When the last reference to the sender is released, the channel ends after all
 * items that were sent. Unless the capacity is 0, a receiver that waits keeps
 * the loop alive until then.
 *
 * A channel has at most one sender: call avow_sender_ref() to share it. If the
 * sender cannot be created, the result refuses each item with the reason. This
 * is UV_EALREADY if `c` has a sender, or if avow fills `c`. Any other reason
 * also fails `c`.
 *
 * @returns the sender
 */
AVOW_API AVOW_MUST_USE avow_sender_t *avow_sender_new(const avow_channel_t *c,
                                                      size_t capacity);

/**
 * Sends `item` and waits for capacity.
 *
 * The caller must be on the loop's thread. A send that waits continues after
 * the sender is released. Unless the capacity is 0, `item` must be able to
 * change threads, as for avow_remote_resolve(). If blocked threads wait, too,
 * they and these sends get capacity alternately.
 *
 * @settles NONE when the item is buffered or received. If the capacity is 0,
 *          the channel buffers the item, otherwise the sender does.
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
 * change threads, as for avow_remote_resolve(), unless the capacity is 0.
 *
 * A result of 0 does not mean that the item will be received. If the channel
 * ends for another reason than the last release of the sender, the items that
 * the sender buffers are released.
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
 * loop's thread, a call that would block fails, because the loop would wait for
 * itself. The loop's thread is the thread that ran the loop last. Before
 * the first run, it is the thread that created the sender.
 *
 * @returns 0 if the item was sent
 * @error   UV_EPIPE if the channel has ended or is closed; if it failed, the
 *          code of its error
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_EINVAL if `item` is NONE
 * @error   AVOW_EMISUSE if `item` cannot change threads
 * @error   AVOW_EMISUSE if the call would block on the loop's thread, or with a
 *          sender of capacity 0
 * @blocks  until the loop removes items, the channel ends or the loop closes
 * @thread  any, unless the capacity is 0
 */
AVOW_API int avow_sender_blocking_send(const avow_sender_t *s,
                                       avow_value_t item);

/**
 * Sends `item`; if there is no capacity, drops the oldest buffered item.
 *
 * Takes ownership of `item`, which must be able to change threads. The call
 * drops no item that the loop has removed. Use it if only the newest items
 * matter.
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
 * Declares a sender that is released at the end of its block.
 *
 * Initialize it: AVOW_AUTO_SENDER s = NULL; see auto.h for the rules.
 */
#  define AVOW_AUTO_SENDER \
    __attribute__((cleanup(avow_sender_clear))) avow_sender_t *
#endif

#endif
