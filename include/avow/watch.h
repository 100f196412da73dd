/* SPDX-License-Identifier: MIT */
/*
 * A value that changes, and those who want to know what it is now: settings, a
 * state, a position. Who is slow misses what has been replaced meanwhile, and
 * nothing else; there is one value, however many look at it.
 */
#ifndef AVOW_WATCH_H
#define AVOW_WATCH_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A value that changes, counted: who sets it holds one reference. */
typedef struct avow_watch_s avow_watch_t;

/**
 * Watches a value that is first to begin with, which is taken; NONE if there is
 * none yet. Never NULL: without memory those who subscribe are rejected with
 * UV_ENOMEM.
 */
AVOW_API AVOW_MUST_USE avow_watch_t *avow_watch_new(uv_loop_t *loop,
                                                    avow_value_t first);

/**
 * From now on it is this value, which is taken: those who wait for one have it,
 * and the others when they ask. An error is one, too, which they are rejected
 * with. With NONE there is none until the next: who asks waits.
 */
AVOW_API void avow_watch_set(const avow_watch_t *w, avow_value_t value);

/**
 * What it is now; NONE while there is none. It lasts until the next
 * avow_watch_set(): avow_value_ref() to keep it.
 */
AVOW_API const avow_value_t *avow_watch_value(const avow_watch_t *w);

/**
 * A channel of the values: at first what it is now, and from then on each time
 * the newest that the channel has not given yet. When the last reference to w
 * goes it ends, behind the last value.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_watch_subscribe(
    const avow_watch_t *w);

/** How many such channels there are that somebody holds or waits at. */
AVOW_API size_t avow_watch_subscribers(const avow_watch_t *w);

/** One more reference, for one more who sets the value. */
AVOW_API avow_watch_t *avow_watch_ref(const avow_watch_t *w);

/** Lets go of w, which may be NULL. */
AVOW_API void avow_watch_unref(avow_watch_t *w);

AVOW_HEADER_END

#endif
