/*
 * Deadlines: times, handed down to all that must be over by then. What calls
 * others with less time of its own hands down the earlier one:
 *
 *   const uint64_t by = avow_deadline_in(loop, 500, outer);
 *   p = avow_deadline(ask(host, by), by);
 */
#ifndef AVOW_DEADLINE_H
#define AVOW_DEADLINE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** The deadline that does not come. */
#define AVOW_NEVER UINT64_MAX

/**
 * The time in ms milliseconds (of uv_now(), which is the same on all loops), or
 * outer if that is earlier; AVOW_NEVER for no outer one.
 */
AVOW_API uint64_t avow_deadline_in(uv_loop_t *loop, uint64_t ms,
                                   uint64_t outer);

/**
 * Settles as p does, unless the time comes first: avow_timeout() at a time
 * rather than after one. A deadline that has passed cancels p at once;
 * AVOW_NEVER returns p itself.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_deadline(avow_promise_t *p,
                                                     uint64_t at);

AVOW_HEADER_END

#endif
