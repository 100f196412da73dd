/*
 * Time. All sleeps of a loop share one uv_timer_t.
 */
#ifndef AVOW_TIMER_H
#define AVOW_TIMER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * NONE, after ms milliseconds (uv_timer_start). Counts from the loop's cached
 * time inside callbacks of avow, from the present elsewhere. Sleeps that are
 * due together end by their deadlines, equal ones in the order of their making,
 * and what one wakes runs before the next ends. Cancelling stops it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sleep(uv_loop_t *loop, uint64_t ms);

AVOW_HEADER_END

#endif
