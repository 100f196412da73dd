/* SPDX-License-Identifier: MIT */
/*
 * Work on the thread pool of libuv: functions that would block the loop.
 *
 * All loops of a process share the pool. File operations and name lookups also
 * use the pool, and wait while all its threads are blocked. The pool has four
 * threads unless UV_THREADPOOL_SIZE in the environment sets another number. The
 * first use of the pool starts the threads. If the system refuses one, libuv
 * aborts the process.
 *
 * exit() waits until all functions that run or are queued have ended. If such a
 * function calls exit(), the process aborts. Such a function may call _exit().
 */
#ifndef AVOW_WORK_H
#define AVOW_WORK_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Calls `fn` with `data` on a thread of the pool.
 *
 * When `fn` has ended or will never be called, the loop's thread calls
 * `free_fn` with `data`, once. If `fn` was called, handlers run only after
 * `free_fn`, so the value that `fn` returns must contain all results. `free_fn`
 * may be NULL.
 *
 * @settles with the value that `fn` returned
 * @rejects with the error that `fn` returned
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects AVOW_EMISUSE if `fn` returned a promise
 * @cancel  Queued: removes the work and rejects at once; `fn` is never called.
 *          The loop calls `free_fn` in a later iteration, maybe after handlers.
 *          Running: waits until `fn` has ended, releases its result, and
 *          rejects. So an avow_timeout() of this promise may settle late.
 * @see     uv_queue_work()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_work(uv_loop_t *loop, avow_fn fn,
                                                 void *data,
                                                 void (*free_fn)(void *));

/**
 * Calls `fn` on a thread of the pool; a cancellation does not wait for it.
 *
 * `fn` gets `data`. When `fn` has ended or will never be called, the loop's
 * thread calls `free_fn` with `data`, once. `free_fn` may be NULL. Release the
 * resources of `fn` in `free_fn`, and not with avow_attach() or after a
 * rejection, because `fn` may still run then.
 *
 * @settles with the value that `fn` returned
 * @rejects with the error that `fn` returned
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects AVOW_EMISUSE if `fn` returned a promise
 * @cancel  Rejects at once. If `fn` runs, it ends in the background and its
 *          result is released. Otherwise `fn` is never called.
 * @see     uv_queue_work()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_work_detached(
    uv_loop_t *loop, avow_fn fn, void *data, void (*free_fn)(void *));

/**
 * Tells a function on the pool whether its result is still wanted.
 *
 * A long `fn` of avow_work() or avow_work_detached() calls this between its
 * steps. When this call returns false, `fn` may return any value at once.
 *
 * @returns false if the promise of the function was canceled; otherwise true,
 *          also outside such a function
 * @thread  any
 */
AVOW_API bool avow_work_is_wanted(void);

/* Random bytes. */

/**
 * Generates `len` cryptographically secure random bytes.
 *
 * @settles BYTES, `len` of them
 * @rejects UV_E2BIG if `len` is more than 2^31 - 1
 * @rejects as uv_random() fails
 * @cancel  Rejects at once. The request is removed from the queue, or its bytes
 *          are released.
 * @see     uv_random()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_random(uv_loop_t *loop, size_t len);

AVOW_HEADER_END

#endif
