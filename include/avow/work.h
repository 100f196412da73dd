/* SPDX-License-Identifier: MIT */
/*
 * Work for the threads of libuv's pool: what would block the loop. All loops of
 * a process share the pool, and its four threads (UV_THREADPOOL_SIZE) with
 * files and names: work that blocks for long keeps those waiting. exit() waits
 * for those that run, and on a thread of the pool it aborts: _exit() ends the
 * process there. exit() also waits for the work in the queue, which still runs.
 *
 * The first use of the pool starts its threads. If the system refuses one,
 * libuv aborts the process.
 */
#ifndef AVOW_WORK_H
#define AVOW_WORK_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Settles with what fn(data) returns, called on a thread of the pool
 * (uv_queue_work): a value, or an error, which rejects; a promise is misuse.
 * free_fn (NULL: nothing to free) gets data on the loop's thread, once, when fn
 * is over or will never be called, before handlers run: what those need belongs
 * in the value. Cancelling takes it off the queue, and fn is not called; of one
 * that runs it waits for the end, releases what that returns, and rejects then:
 * so a timeout around it, and a permit that it has, last as long as fn.
 *
 * When cancelling takes the work off the queue, the promise rejects at once.
 * The loop calls free_fn in a later iteration, which can be after handlers.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_work(uv_loop_t *loop, avow_fn fn,
                                                 void *data,
                                                 void (*free_fn)(void *));

/**
 * avow_work() that cancelling does not wait for: it rejects at once, and an fn
 * that runs ends in the background. What fn uses goes with free_fn, never with
 * avow_attach() or after the rejection.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_work_detached(
    uv_loop_t *loop, avow_fn fn, void *data, void (*free_fn)(void *));

/**
 * For an fn that takes long to ask, on its thread, between its parts: false
 * once its promise was cancelled. It may return then, whatever it likes.
 */
AVOW_API bool avow_work_is_wanted(void);

/* Random bytes. */

/**
 * BYTES: len random ones, fit for keys (uv_random). UV_E2BIG past 2^31 - 1.
 * Cancelling takes it off the queue, or drops them.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_random(uv_loop_t *loop, size_t len);

AVOW_HEADER_END

#endif
