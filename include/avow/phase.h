/* SPDX-License-Identifier: MIT */
/*
 * The phases of a loop's turn: timers, what is pending, idle, before the poll
 * for events, the poll, after it, closing (see uv_run).
 */
#ifndef AVOW_PHASE_H
#define AVOW_PHASE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * NONE, once the loop has come to its idle phase: what is due already goes
 * first (uv_idle_start). Meanwhile the loop does not block. Cancelling is at
 * once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_next_turn(uv_loop_t *loop);

/**
 * NONE, right before the loop polls for events (uv_prepare_start). Cancelling
 * is at once.
 *
 * If a uv_prepare_t callback of the program calls this, the promise waits for
 * the next iteration. The loop may block in the poll before that.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_before_poll(uv_loop_t *loop);

/**
 * NONE, right after the loop has polled for events, for which it then does not
 * block (uv_check_start; setImmediate in Node.js). Cancelling is at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_after_poll(uv_loop_t *loop);

AVOW_HEADER_END

#endif
