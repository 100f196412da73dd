/* SPDX-License-Identifier: MIT */
/*
 * Watches: a value that changes, and its subscribers.
 *
 * Subscribers receive the newest value, such as settings or a position. A slow
 * subscriber misses only values that were replaced before it received them. One
 * value is kept, however many subscribers there are.
 */
#ifndef AVOW_WATCH_H
#define AVOW_WATCH_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A reference-counted value that changes. */
typedef struct avow_watch_s avow_watch_t;

/**
 * Creates a watch with the value `first`.
 *
 * If `first` is NONE, the watch has no value yet. Never returns NULL.
 *
 * @returns the watch
 */
AVOW_API AVOW_MUST_USE avow_watch_t *avow_watch_new(uv_loop_t *loop,
                                                    avow_value_t first);

/**
 * Sets the value of `w`.
 *
 * Subscribers that wait receive it now, the others when they receive next. If
 * `value` is an error, these receives reject with it. If `value` is NONE, `w`
 * has no value, and subscribers wait for the next one.
 */
AVOW_API void avow_watch_set(const avow_watch_t *w, avow_value_t value);

/**
 * Reads the value of `w`.
 *
 * To keep the value, call avow_value_ref().
 *
 * @returns the value, or NONE if `w` has none. Valid until the next
 *          avow_watch_set() and as long as `w`.
 */
AVOW_API const avow_value_t *avow_watch_value(const avow_watch_t *w);

/**
 * Subscribes to the values of `w`.
 *
 * The channel gives the value that `w` has now. After that, each receive gets
 * the newest value that the channel has not given yet. The channel ends after
 * the last value when the last reference to `w` is released.
 *
 * @items   the values set; values that were replaced first are left out
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_watch_subscribe(
    const avow_watch_t *w);

/**
 * Counts the subscribers of `w`.
 *
 * @returns the number of channels that have a reference or a receiver
 */
AVOW_API size_t avow_watch_subscribers(const avow_watch_t *w);

/** Adds a reference to `w`. */
AVOW_API avow_watch_t *avow_watch_ref(const avow_watch_t *w);

/** Releases a reference to `w`, which may be NULL. */
AVOW_API void avow_watch_unref(avow_watch_t *w);

AVOW_HEADER_END

#endif
