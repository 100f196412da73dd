/* SPDX-License-Identifier: MIT */
/*
 * Channels: values on their way from those who have them to those who want
 * them, in order, up to a capacity. NONE is the end, as in the iterators
 * of Lua: it comes again however often it is asked for, and cannot be sent.
 *
 * What libuv tells a program again and again (signals, connections, datagrams,
 * …) is a channel too, with a source inside. A source holds back while its
 * channel is full, keeps the loop alive only while somebody waits for an item,
 * and stops when the channel ends or its last reference goes.
 */
#ifndef AVOW_CHANNEL_H
#define AVOW_CHANNEL_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A channel, counted: avow_channel_ref() is for one more who holds it. */
typedef struct avow_channel_s avow_channel_t;

/**
 * A channel that buffers up to capacity items that nobody has asked for yet;
 * with capacity 0 an item goes from hand to hand. Never NULL: without memory
 * each operation on it rejects with UV_ENOMEM. Its last avow_channel_unref()
 * closes it, as avow_channel_close() does; promises do not keep it.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_new(uv_loop_t *loop,
                                                        size_t capacity);

/**
 * The next item, which is then the promise's; NONE at the end. Who asks first
 * gets the first. Rejects if the item is an error, or with what the channel
 * failed with. Cancelling while it is pending takes nothing from the channel;
 * once it has settled the item is there, and goes with the promise.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_next(
    const avow_channel_t *c);

/**
 * The next item of a channel of which nobody wants more, as in
 * avow_channel_first(avow_signals(loop, SIGINT)): takes c, and lets go of it
 * when this settles, or is cancelled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_first(avow_channel_t *c);

/**
 * NONE once the item was buffered, or somebody took it; items keep the
 * order of sending. A promise is an item too: whoever takes it waits for it.
 * UV_EINVAL for NONE, UV_EPIPE if the channel has ended, and what it failed
 * with if it has failed. UV_EALREADY if it was made for items of its own: a
 * stage, ticks, the subscription of a broadcast, what libuv feeds. Cancelling
 * while it is pending takes the item back out and releases it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_channel_send(
    const avow_channel_t *c, avow_value_t item);

/**
 * What avow_channel_next() would have at once, in *out, and 0: the next item, a
 * promise as such; NONE at the end; an error where that would reject, which is
 * an item that is one, or each time what the channel failed with. UV_EAGAIN and
 * NONE if it would have to wait. A source is asked for what it has. That nobody
 * waits keeps no loop alive: where nothing else does, uv_run() looks for no
 * signals and the like, and who asks again and again never sees one. After
 * avow_loop_close() *out is the error UV_ECANCELED each time.
 */
AVOW_API AVOW_MUST_USE int avow_channel_try_next(const avow_channel_t *c,
                                                 avow_value_t *out);

/**
 * Sends if that can be at once: 0. UV_EAGAIN: it is full, with capacity 0
 * nobody who waits, and the item is still yours. All else releases it: what
 * avow_channel_send() rejects with, of a failure the code, and UV_EPIPE of one
 * whose code is UV_EAGAIN.
 */
AVOW_API AVOW_MUST_USE int avow_channel_try_send(const avow_channel_t *c,
                                                 avow_value_t item);

/** No more will be sent: what is inside can still be taken, then NONE. */
AVOW_API void avow_channel_end(const avow_channel_t *c);

/**
 * The same with a failure: what is inside can still be taken, then each
 * avow_channel_next() rejects with the error. What is not an error becomes the
 * cause of an AVOW_EREASON. Takes the error.
 */
AVOW_API void avow_channel_fail(const avow_channel_t *c, avow_value_t error);

/**
 * Nobody wants the rest: releases what is inside. Who waits to send is rejected
 * with UV_EPIPE, who waits for an item gets NONE.
 */
AVOW_API void avow_channel_close(const avow_channel_t *c);

/** One more reference. */
AVOW_API avow_channel_t *avow_channel_ref(const avow_channel_t *c);

/** Lets go of c, which may be NULL. */
AVOW_API void avow_channel_unref(avow_channel_t *c);

/** Lets go of *c, which may be NULL, and is NULL then. */
AVOW_API void avow_channel_clear(avow_channel_t **c);

AVOW_HEADER_END

#endif
