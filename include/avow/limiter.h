/*
 * Limiters: so many at a time and no more, first come, first served. One with a
 * single permit is a mutex.
 */
#ifndef AVOW_LIMITER_H
#define AVOW_LIMITER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

typedef struct avow_limiter_s avow_limiter_t;

/**
 * A limiter with so many permits. Never NULL: without permits, or without
 * memory, what is asked of it rejects with UV_EINVAL or UV_ENOMEM.
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

/** Lets go of l, which may be NULL. Who waits or has a permit keeps it. */
AVOW_API void avow_limiter_unref(avow_limiter_t *l);

AVOW_HEADER_END

#endif
