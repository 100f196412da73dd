/* SPDX-License-Identifier: MIT */
/*
 * Stages: channels that are made of others, as JavaScript's iterator helpers
 * make iterators, one behind the other:
 *
 *   c = avow_channel_filter(c, is_wanted, NULL, NULL);
 *   c = avow_channel_map(c, parse, NULL, NULL);
 *   c = avow_channel_take(c, 10);
 *
 * A stage takes the channel that it is made of, and is all that is held: its
 * last avow_channel_unref(), or closing it, lets go of the other, cancels what
 * runs and releases what is in hand. It asks the other only while somebody asks
 * it; when a next is cancelled, what was asked for and has not come stays in
 * the other, and what has is there for the next who asks. When the other ends
 * or fails, so does the stage, behind what is in hand. Items that are errors
 * are items: they pass, uncalled for, and who takes them is rejected. Functions
 * are called from jobs. In constant memory. Fails with UV_ENOMEM without it.
 */
#ifndef AVOW_STAGES_H
#define AVOW_STAGES_H

#include "avow/channel.h"
#include "avow/map.h"

AVOW_HEADER_BEGIN

/**
 * What fn makes of each item; a promise is waited for. AVOW_ESKIP leaves an
 * item out. Another error fails the channel, behind the results before it, and
 * lets go of the other; with AVOW_ALL_SETTLED it is an item in its place. NONE
 * is an error, UV_EINVAL.
 *
 * options may be NULL: one at a time, and only while somebody asks. With a
 * concurrency of 2 and more, less than 2^20, it works ahead: so many items run
 * or have results that nobody has taken yet, and it asks the other, which may
 * keep the loop alive, whether or not anybody asks it. Results keep the order
 * of the items, unless unordered: then they come as they are there. UV_EINVAL
 * without fn, and for other options.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_map(
    avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/**
 * The same of the items themselves, of which fn says whether they pass: an INT,
 * 0 if not. The rest are released. What says neither, being no INT, is as an
 * AVOW_EMISUSE that fn failed with; debug builds say so.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_filter(
    avow_channel_t *channel, avow_cb fn, void *data,
    const avow_map_options_t *options);

/**
 * The first n items, behind which it ends, and has let go of the other by then:
 * at once for 0. What is in the other stays there, for whoever else holds it.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_take(
    avow_channel_t *channel, size_t n);

/**
 * LISTs of n items, of fewer where ms milliseconds are over since the first of
 * them was taken (0: without that limit), before an error among the items, and
 * at the end. A list is kept for who asks next if nobody waits when it is full
 * or its time over. UV_EINVAL for n 0.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_batch(
    avow_channel_t *channel, size_t n, uint64_t ms);

/**
 * The items of n channels, all of which are taken, one by one as avow_select()
 * chooses: each has its turn, and the order of the items of one is kept. Ends
 * when all have ended. The first that fails fails it, and the rest are let go
 * of with what is inside. Each item takes a look at all n. AVOW_EMISUSE for
 * channels of different loops.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_merge(
    uv_loop_t *loop, avow_channel_t *const channels[], size_t n);

/*
 * Pace: channels by the clock, and channels that come less often than what they
 * are made of.
 */

/**
 * INTs: how many ticks there were since the item before, one tick every ms
 * milliseconds from now on (uv_timer_start). However late they are taken none
 * is lost and none drifts, and the loop has no timer while nobody waits.
 * UV_EINVAL for 0 ms.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_ticks(uv_loop_t *loop, uint64_t ms);

/** Which items of a burst come through. */
typedef enum avow_edge_e {
  AVOW_EDGE_LEADING = 1,  /* the first, at once */
  AVOW_EDGE_TRAILING = 2, /* the last, when the time is over */
  AVOW_EDGE_BOTH = 3      /* the last only if it is not the first */
} avow_edge_t;

/**
 * A stage (see stages.h) that gives no two items within ms milliseconds; the
 * rest are released. The time begins with the first item, and anew with one
 * that was given at its end. It counts from when an item is taken from the
 * other, which none is while nobody asks. Errors among the items, and the
 * other's end and failure, come at once, behind the item in hand. UV_EINVAL for
 * no edge.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_throttle(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

/**
 * A stage, likewise, that gives what comes before and after ms milliseconds
 * without any item; the rest are released. The time begins anew with each item.
 * It counts, and lets errors and the end through, as that of
 * avow_channel_throttle(). UV_EINVAL for no edge.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_channel_debounce(
    avow_channel_t *channel, uint64_t ms, avow_edge_t edges);

AVOW_HEADER_END

#endif
