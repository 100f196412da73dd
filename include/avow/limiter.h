/* SPDX-License-Identifier: MIT */
/*
 * Limiters: so many at a time and no more, first come, first served. One with a
 * single permit is a mutex.
 */
#ifndef AVOW_LIMITER_H
#define AVOW_LIMITER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A limiter, which has one owner. */
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
 * Calls fn, from a job, once there is a permit, and settles as avow_try() does.
 * The permit is given back when that has settled. Cancelling while it waits
 * takes it out of the queue, in constant time, and fn is not called; later it
 * cancels what fn returned, and gives the permit back once that has rejected.
 * A request of libuv's that ends in the background by then has no permit; work
 * (avow_work()) has it to its end. UV_EINVAL without fn.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_run(const avow_limiter_t *l,
                                                        avow_fn fn, void *data);

/**
 * OBJECT: a permit, given back when its last reference goes, which is to happen
 * on the loop's thread. A handler keeps it with avow_value_ref(); one that
 * nobody waits for any more goes back by itself. Cancelling leaves the queue.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_acquire(
    const avow_limiter_t *l);

/**
 * The same for one permit that stands for so many: it comes when as many are
 * free, if ever there are, and keeps those who come later waiting for it, even
 * where they want fewer. UV_EINVAL for none.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_acquire_many(
    const avow_limiter_t *l, size_t permits);

/**
 * OBJECT: such a permit, if so many are free now and nobody waits; else NONE.
 * An error where avow_limiter_acquire_many() would reject.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_limiter_try(const avow_limiter_t *l,
                                                     size_t permits);

/**
 * From now on there are so many permits; none at all stops it, and whoever asks
 * waits. Who has one keeps it: where there are fewer than are out, the next
 * comes when enough have come back. More may be too many for the memory: who
 * came last to acquire one is rejected then, UV_ENOMEM.
 */
AVOW_API void avow_limiter_resize(const avow_limiter_t *l, size_t permits);

/**
 * From now on at most so many wait: who would be one more is rejected at once,
 * UV_EAGAIN. Those who wait already stay. SIZE_MAX, as to begin with, is no
 * limit.
 */
AVOW_API void avow_limiter_bound(const avow_limiter_t *l, size_t waiting);

/** How many wait for a turn. */
AVOW_API size_t avow_limiter_waiting(const avow_limiter_t *l);

/** Rejects all who wait for a turn with UV_ECANCELED, whoever holds them. */
AVOW_API void avow_limiter_cancel(const avow_limiter_t *l);

/**
 * NONE, as soon as no permit is out and nobody waits for one. Cancelling leaves
 * the limiter alone.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_limiter_idle(
    const avow_limiter_t *l);

/** Lets go of l, which may be NULL. Who waits or has a permit keeps it. */
AVOW_API void avow_limiter_unref(avow_limiter_t *l);

/*
 * Rates: so many in a time, and no more. A limiter counts what is under way at
 * once; this counts what begins.
 */

/** A rate, which has one owner. */
typedef struct avow_rate_s avow_rate_t;

/** Zero in a field stands for its default. */
typedef struct avow_rate_options_s {
  uint64_t burst;       /* tokens that are saved up, at most; as many as come
                           in the time that the rate is given by */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_rate_options_t;

/**
 * A bucket of tokens, full to begin with, into which come so many every ms
 * milliseconds of the loop's clock, one by one, until it is full again (a token
 * bucket). options may be NULL. Never NULL: without tokens, a time, or memory,
 * and with more than 4,294,967,295 of one, what is asked of it rejects with
 * UV_EINVAL or UV_ENOMEM. That clock counts milliseconds, and all that
 * come in one come at once: where those are more than the bucket holds, who
 * asks for one after another gets the one that he waited for and a bucket full,
 * and the rest of them are lost.
 */
AVOW_API AVOW_MUST_USE avow_rate_t *avow_rate_new(
    uv_loop_t *loop, uint64_t tokens, uint64_t ms,
    const avow_rate_options_t *options);

/**
 * NONE, once so many tokens were taken for it: who comes first is served first,
 * also where a later one wants fewer. Cancelling leaves the queue; those behind
 * come that much sooner. Nothing is given back: a token is spent. UV_EINVAL for
 * more than there can be at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_rate_acquire(const avow_rate_t *r,
                                                         uint64_t tokens);

/** Takes so many if they are there now and nobody waits; else false. */
AVOW_API bool avow_rate_try(const avow_rate_t *r, uint64_t tokens);

/** Lets go of r, which may be NULL. Who waits still gets an answer. */
AVOW_API void avow_rate_unref(avow_rate_t *r);

AVOW_HEADER_END

#endif
