/* SPDX-License-Identifier: MIT */
/*
 * Inlets: a channel's sending end that any thread may use, with no loop of its
 * own. What is sent waits in the inlet, which has room for so many items. When
 * items are wanted (somebody waits, or the channel has room) the loop takes all
 * that is there at once, and hands the channel one after the other. So what is
 * under way is bounded: room in the inlet, as many that the loop has taken, and
 * the channel's own room. A burst wakes the loop once. Who takes many is the
 * quickest with avow_channel_try_next(), for all that has come with an item.
 *
 * All but avow_inlet_new() may be called by any thread, also by the loop's. No
 * function here is for signal handlers, because inlets lock a mutex.
 */
#ifndef AVOW_INLET_H
#define AVOW_INLET_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** An inlet, counted: any thread may have a reference of its own. */
typedef struct avow_inlet_s avow_inlet_t;

/**
 * The inlet of a channel, with room for so many items, one at least (a mutex
 * and one uv_async_t for all of a loop). Borrows the channel, and does not keep
 * it. Called on the loop's thread. The loop lives on while somebody waits for
 * an item of the channel, until the last reference to the inlet goes: that ends
 * the channel, behind what was sent. Never NULL: one that could not be made
 * says why each time that something is sent, and fails the channel. But if that
 * has an inlet, of which avow_inlet_ref() gives more, or is fed by libuv, it is
 * UV_EALREADY, and the channel goes on.
 */
AVOW_API AVOW_MUST_USE avow_inlet_t *avow_inlet_new(const avow_channel_t *c,
                                                    size_t room);

/**
 * Sends if there is room: 0, or UV_EAGAIN, and then the item is still yours. In
 * any other case it is taken. UV_EPIPE: the channel has ended, or is closed; if
 * it has failed, the code of that. UV_ECANCELED: its loop has gone. UV_EINVAL
 * for NONE. AVOW_EMISUSE, with a line on stderr in debug builds, for what may
 * not change threads: see avow_remote_resolve(). That it was 0 does not say
 * that somebody will take the item: what is inside when the channel closes is
 * released.
 */
AVOW_API AVOW_MUST_USE int avow_inlet_try(const avow_inlet_t *inlet,
                                          avow_value_t item);

/**
 * The same, but blocks the thread until there is room, the channel ends or its
 * loop goes. Never UV_EAGAIN. On the loop's own thread it would wait for
 * itself, and is AVOW_EMISUSE where there is no room. That is the thread which
 * ran the loop last, and before that the one that made the inlet.
 */
AVOW_API int avow_inlet_send(const avow_inlet_t *inlet, avow_value_t item);

/**
 * The same, but drops the oldest item that the loop has not taken yet if there
 * is no room: for what is of interest only as long as it is new.
 */
AVOW_API int avow_inlet_replace(const avow_inlet_t *inlet, avow_value_t item);

/** One more reference, for another thread. */
AVOW_API avow_inlet_t *avow_inlet_ref(const avow_inlet_t *inlet);

/** Lets go of the inlet, which may be NULL. */
AVOW_API void avow_inlet_unref(avow_inlet_t *inlet);

/** Lets go of *inlet, which may be NULL, and is NULL then. */
AVOW_API void avow_inlet_clear(avow_inlet_t **inlet);

AVOW_HEADER_END

#endif
