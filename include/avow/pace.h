/*
 * Pace: channels by the clock, and channels that come less often than what they
 * are made of.
 */
#ifndef AVOW_PACE_H
#define AVOW_PACE_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * INTs: how many ticks there were since the item before, one tick every ms
 * milliseconds from now on (uv_timer_start). However late they are taken none
 * is lost and none drifts, and the loop has no timer while nobody waits.
 * UV_EINVAL for 0 ms.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_ticks(uv_loop_t *loop, uint64_t ms);

/**
 * A channel of the items after which the other, which is taken, had no more for
 * ms milliseconds; the rest are released. At the other's end its last item
 * comes at once, and then the end; so it does before what the other rejects
 * with, which this fails with. Takes nothing from the other while nobody waits.
 * In constant memory.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_debounced(avow_channel_t *channel,
                                                      uint64_t ms);

AVOW_HEADER_END

#endif
