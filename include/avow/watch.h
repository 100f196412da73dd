/* SPDX-License-Identifier: MIT */
/*
 * Watches: a value that changes, and its subscribers.
 *
 * A watch keeps one value, such as settings or a position. Subscribers receive
 * the newest value. A slow subscriber misses values that were replaced before
 * it received them.
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
 * If `first` is NONE, the watch has no value yet. The result is never NULL.
 *
 * @returns the watch
 */
AVOW_API AVOW_MUST_USE avow_watch_t *avow_watch_new(uv_loop_t *loop,
                                                    avow_value_t first);

/**
 * Sets the value of `w`.
 *
 * Subscribers that wait receive `value` now. The others get it from their next
 * receive. If `value` is an error, these receives reject with it. If `value` is
 * NONE, `w` has no value, and receives wait for the next value.
 */
AVOW_API void avow_watch_set(const avow_watch_t *w, avow_value_t value);

/**
 * Reads the value of `w`.
 *
 * To keep the value, call avow_value_ref().
 *
 * @returns the value, or NONE if `w` has none. Valid until the next
 *          avow_watch_set(), or until `w` is freed.
 */
AVOW_API const avow_value_t *avow_watch_value(const avow_watch_t *w);

/**
 * Subscribes to the values of `w`.
 *
 * The first receive gets the current value of `w`. Each later receive gets the
 * newest value, and waits if the subscriber has already received that value.
 * When the last reference to `w` is released, the channel ends after the newest
 * value.
 *
 * @items   the values of `w`, without those that were replaced before the
 *          subscriber received them
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_watch_subscribe(
    const avow_watch_t *w);

/**
 * Counts the subscribers of `w`.
 *
 * @returns the number of channels that have a reference or a waiting receiver
 */
AVOW_API size_t avow_watch_subscribers(const avow_watch_t *w);

/** Adds a reference to `w`. */
AVOW_API avow_watch_t *avow_watch_ref(const avow_watch_t *w);

/**
 * Releases a reference to `w`, which may be NULL.
 *
 * After the last release, the channels of the subscribers end.
 */
AVOW_API void avow_watch_unref(avow_watch_t *w);

AVOW_HEADER_END

#endif
