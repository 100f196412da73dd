/* SPDX-License-Identifier: MIT */
/*
 * Limiters and rates.
 *
 * A limiter limits how many operations run at the same time. It has a number of
 * permits, and queues calls while no permit is free. Queued calls get permits
 * in the order of the calls. A limiter with one permit is a mutex.
 *
 * A rate limits how many operations start in a given time.
 */
#ifndef AVOW_LIMITER_H
#define AVOW_LIMITER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A limiter, with one owner. */
typedef struct avow_limiter_s avow_limiter_t;

/**
 * Creates a limiter with `permits` permits.
 *
 * A limiter with 0 permits queues all calls until avow_limiter_resize() adds
 * permits. The call never returns NULL: if there is no memory for a limiter,
 * all calls on the result reject with UV_ENOMEM.
 */
AVOW_API AVOW_MUST_USE avow_limiter_t *avow_limiter_new(uv_loop_t *loop,
                                                        size_t permits);

/**
 * Calls `fn` from a job when a permit is free.
 *
 * The permit is held until the promise that `fn` returned settles.
 *
 * @settles as the value or promise that `fn` returned
 * @rejects UV_EAGAIN if the queue is full; see avow_limiter_bound()
 * @rejects UV_ECANCELED if avow_limiter_cancel() empties the queue
 * @rejects UV_EINVAL if `fn` is NULL
 * @cancel  If the call is queued, removes it in constant time; `fn` never runs.
 *          Otherwise cancels the promise that `fn` returned. The permit is held
 *          until that promise settles. The promise of a running avow_work()
 *          settles at the end of the work. Other requests of libuv may continue
 *          after their promise has rejected and the permit is free.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_run(const avow_limiter_t *l,
                                                        avow_fn fn, void *data);

/**
 * Acquires a permit.
 *
 * The permit returns to the limiter when the last reference to the OBJECT is
 * released, which must happen on the loop's thread. To keep the permit after
 * the handlers of the promise have run, a handler calls avow_value_ref().
 *
 * @settles OBJECT permit
 * @rejects UV_EAGAIN if the queue is full; see avow_limiter_bound()
 * @rejects UV_ECANCELED if avow_limiter_cancel() empties the queue
 * @cancel  Removes the call from the queue.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_acquire(
    const avow_limiter_t *l);

/**
 * Acquires `permits` permits as one OBJECT.
 *
 * The call waits until `permits` permits are free, even if the limiter has
 * fewer in total. Later calls wait behind it, even if they need fewer permits.
 * All permits return to the limiter when the last reference to the OBJECT is
 * released, which must happen on the loop's thread.
 *
 * @settles OBJECT permit
 * @rejects UV_EAGAIN if the queue is full; see avow_limiter_bound()
 * @rejects UV_ECANCELED if avow_limiter_cancel() empties the queue
 * @rejects UV_EINVAL if `permits` is 0
 * @cancel  Removes the call from the queue. Calls behind it may then proceed.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_acquire_many(
    const avow_limiter_t *l, size_t permits);

/**
 * Acquires `permits` permits if they are free and the queue is empty.
 *
 * All permits return to the limiter when the last reference to the OBJECT is
 * released, which must happen on the loop's thread.
 *
 * @returns OBJECT permit; NONE if the caller would have to wait
 * @error   UV_EINVAL if `permits` is 0
 * @error   UV_ENOMEM if there is no memory for the permit or the limiter
 * @error   UV_ECANCELED if the loop is closed
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_limiter_try(const avow_limiter_t *l,
                                                     size_t permits);

/**
 * Sets the number of permits; 0 stops the limiter.
 *
 * Permits in use stay in use. If more than `permits` are in use, new calls wait
 * until enough of them have returned. If memory runs out, the newest queued
 * calls of avow_limiter_acquire() and avow_limiter_acquire_many() reject with
 * UV_ENOMEM.
 */
AVOW_API void avow_limiter_resize(const avow_limiter_t *l, size_t permits);

/**
 * Limits the queue to `waiting` calls.
 *
 * While the queue is full, further calls reject with UV_EAGAIN. Calls that are
 * already queued stay, even if they are more than `waiting`. The default is
 * SIZE_MAX, which means no limit.
 */
AVOW_API void avow_limiter_bound(const avow_limiter_t *l, size_t waiting);

/** Counts the calls in the queue. */
AVOW_API size_t avow_limiter_waiting(const avow_limiter_t *l);

/**
 * Rejects all queued calls with UV_ECANCELED.
 *
 * This includes calls whose promises have several references.
 */
AVOW_API void avow_limiter_cancel(const avow_limiter_t *l);

/**
 * Waits until no permit is in use and the queue is empty.
 *
 * @settles NONE
 * @cancel  Rejects the promise and does not affect the limiter.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_idle(
    const avow_limiter_t *l);

/**
 * Releases `l`, which may be NULL.
 *
 * Queued calls still run, and permits in use stay valid.
 */
AVOW_API void avow_limiter_unref(avow_limiter_t *l);

/** A rate, with one owner. */
typedef struct avow_rate_s avow_rate_t;

/**
 * Options of avow_rate_new().
 *
 * 0 in a field means its default.
 */
typedef struct avow_rate_options_s {
  /* Largest number of unused tokens that the rate keeps. The default is the
     argument `tokens` of avow_rate_new(). */
  uint64_t burst;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_rate_options_t;

/**
 * Creates a rate of `tokens` tokens per `ms` milliseconds.
 *
 * A rate is a token bucket, which is full at first. Tokens arrive at equal
 * intervals until the bucket is full. Queued calls get new tokens before the
 * bucket does. The clock of the loop counts milliseconds, so all tokens of one
 * millisecond arrive together. Tokens that do not fit into the bucket are lost,
 * so a small bucket can make the rate lower than requested.
 *
 * `options` may be NULL. The call never returns NULL: if there is no memory for
 * a rate, all calls on the result reject with UV_ENOMEM. The largest value of
 * `tokens`, `ms` and `burst` is 4,294,967,295. If `tokens` or `ms` is 0, or a
 * value is invalid, all calls on the result reject with UV_EINVAL.
 */
AVOW_API AVOW_MUST_USE avow_rate_t *avow_rate_new(
    uv_loop_t *loop, uint64_t tokens, uint64_t ms,
    const avow_rate_options_t *options);

/**
 * Takes `tokens` tokens from the bucket when the bucket has them.
 *
 * Calls are served in order, even if a later call needs fewer tokens. The
 * caller cannot return tokens.
 *
 * @settles NONE when the tokens are taken
 * @rejects UV_EINVAL if `tokens` is more than the bucket can hold
 * @cancel  Removes the call from the queue and takes no token. Calls behind it
 *          are served earlier.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_rate_acquire(const avow_rate_t *r,
                                                         uint64_t tokens);

/**
 * Takes `tokens` tokens if the bucket has them and no call waits.
 *
 * @returns true if the tokens were taken
 */
AVOW_API bool avow_rate_try(const avow_rate_t *r, uint64_t tokens);

/** Releases `r`, which may be NULL; pending calls still settle. */
AVOW_API void avow_rate_unref(avow_rate_t *r);

AVOW_HEADER_END

#endif
