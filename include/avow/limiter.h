/* SPDX-License-Identifier: MIT */
/*
 * Limiters and rates. A limiter has a number of permits, and queues callers
 * while none is free: first come, first served. A limiter with one permit is a
 * mutex. A limiter counts operations that run; a rate counts operations that
 * begin within a time.
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
 * some. The result is never NULL: if there is no memory for a limiter, all
 * calls on the result reject with UV_ENOMEM.
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
 * @cancel  Queued: removed in constant time; `fn` never runs. Running: cancels
 *          the promise that `fn` returned. The permit is held until that
 *          promise settles, which for a running avow_work() is the end of the
 *          work. Other requests of libuv may end in the background without a
 *          permit.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_run(const avow_limiter_t *l,
                                                        avow_fn fn, void *data);

/**
 * Acquires a permit.
 *
 * The release of the last reference to the permit returns it to the limiter;
 * that must happen on the loop's thread. A handler keeps the permit with
 * avow_value_ref(). A permit that no handler keeps returns by itself.
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
 * The call waits until `permits` are free, even if the limiter never has as
 * many. Later calls wait behind it, even if they need fewer. The release of the
 * last reference to the OBJECT returns all its permits to the limiter; that
 * must happen on the loop's thread.
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
 * The release of the last reference to the OBJECT returns the permits to the
 * limiter; that must happen on the loop's thread.
 *
 * @returns OBJECT permit; NONE if the call would have to wait
 * @error   UV_EINVAL if `permits` is 0
 * @error   UV_ENOMEM if there is no memory for the permit or the limiter
 * @error   UV_ECANCELED if the loop is closed
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_limiter_try(const avow_limiter_t *l,
                                                     size_t permits);

/**
 * Sets the number of permits; 0 stops the limiter.
 *
 * Permits in use stay in use: if there are more than `permits`, the next call
 * waits until enough are returned. If there is no memory for more permits, the
 * last calls that wait to acquire one reject with UV_ENOMEM.
 */
AVOW_API void avow_limiter_resize(const avow_limiter_t *l, size_t permits);

/**
 * Limits the queue to `waiting` callers.
 *
 * While the queue is full, further calls reject with UV_EAGAIN. Queued callers
 * stay. SIZE_MAX, the default, is no limit.
 */
AVOW_API void avow_limiter_bound(const avow_limiter_t *l, size_t waiting);

/** Counts the callers in the queue. */
AVOW_API size_t avow_limiter_waiting(const avow_limiter_t *l);

/** Rejects all queued calls with UV_ECANCELED, even shared promises. */
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
 * Queued calls and permits keep the limiter in memory and go on.
 */
AVOW_API void avow_limiter_unref(avow_limiter_t *l);

/** A rate, with one owner. */
typedef struct avow_rate_s avow_rate_t;

/**
 * Options of avow_rate_new().
 *
 * A field of 0 has its default.
 */
typedef struct avow_rate_options_s {
  /* Largest number of tokens that the bucket holds. The default is the number
     that arrives in the time of the rate. */
  uint64_t burst;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_rate_options_t;

/**
 * Creates a rate of `tokens` tokens per `ms` milliseconds.
 *
 * A rate is a token bucket, which is full at first. Tokens arrive one by one,
 * by the loop's clock, until the bucket is full. `options` may be NULL. The
 * result is never NULL: if there is no memory for a rate, all calls on the
 * result reject with UV_ENOMEM. They reject with UV_EINVAL if `tokens` or `ms`
 * is 0, if `tokens`, `ms` or `burst` is greater than 4,294,967,295, or if an
 * option is invalid.
 *
 * The loop's clock counts milliseconds, and all tokens of one millisecond
 * arrive at once. If these are more than the bucket holds, a caller that
 * acquires one token after another gets the token that it waited for and a full
 * bucket. The other tokens are lost.
 */
AVOW_API AVOW_MUST_USE avow_rate_t *avow_rate_new(
    uv_loop_t *loop, uint64_t tokens, uint64_t ms,
    const avow_rate_options_t *options);

/**
 * Takes `tokens` tokens from the bucket when it has them.
 *
 * Calls are served in order, even if a later call needs fewer tokens. Tokens
 * are spent: there is no way to return them.
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
