/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: times, handed down to all that must be over by then. Who begins
 * says by when, and who has less time for a part of it sets that a limit of its
 * own, of which the earlier counts:
 *
 *   const uint64_t by = avow_now(loop) + 2000;
 *   p = avow_deadline(avow_timeout(ask(host, by), 500), by);
 */
#ifndef AVOW_DEADLINE_H
#define AVOW_DEADLINE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** The deadline that does not come. */
#define AVOW_NEVER UINT64_MAX

/**
 * The time in milliseconds, for avow_deadline(). It is the later of uv_now()
 * and the clock, also in a callback that has worked for a while, and it does
 * not move uv_now(). All loops have the same time. A loop with a clock of its
 * own (avow_options_t.clock) has the time of that clock. On Linux the time does
 * not go on while the machine is suspended.
 */
AVOW_API uint64_t avow_now(uv_loop_t *loop);

/**
 * Settles as p does, unless the time comes first: avow_timeout() at a time
 * rather than after one. A deadline that has passed cancels p at once;
 * AVOW_NEVER returns p itself.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_deadline(avow_promise_t *p,
                                                     uint64_t at);

AVOW_HEADER_END

#endif
