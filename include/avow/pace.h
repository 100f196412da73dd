/* SPDX-License-Identifier: MIT */
/*
 * Pace: channels by the clock, and channels that come less often than what they
 * are made of.
 */
#ifndef AVOW_PACE_H
#define AVOW_PACE_H

#include "avow/stages.h"

AVOW_HEADER_BEGIN

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
