/* SPDX-License-Identifier: MIT */
/*
 * Rates: so many in a time, and no more. A limiter counts what is under way at
 * once; this counts what begins.
 */
#ifndef AVOW_RATE_H
#define AVOW_RATE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

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

/** Whole tokens that are there now. */
AVOW_API uint64_t avow_rate_available(const avow_rate_t *r);

/** How many wait for theirs. */
AVOW_API size_t avow_rate_waiting(const avow_rate_t *r);

/** Lets go of r, which may be NULL. Who waits still gets an answer. */
AVOW_API void avow_rate_unref(avow_rate_t *r);

AVOW_HEADER_END

#endif
