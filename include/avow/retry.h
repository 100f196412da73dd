/* SPDX-License-Identifier: MIT */
/*
 * Retries: calling a function again when it fails, after delays that grow.
 */
#ifndef AVOW_RETRY_H
#define AVOW_RETRY_H

#include "avow/limiter.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Type of `again`, which decides whether to try again after `error`.
 *
 * @called  on the loop's thread, after each failed attempt except the last
 */
typedef bool (*avow_again_fn)(const avow_value_t *error, void *data);

/**
 * Type of `pause`, which returns the delay in ms after `error`.
 *
 * `delay` is the delay that the retry would use without `pause`. To use the
 * delay that a server asks for (Retry-After), read it from `error`.
 *
 * @called  on the loop's thread, before each delay
 */
typedef uint64_t (*avow_delay_fn)(const avow_value_t *error, uint64_t delay,
                                  void *data);

/**
 * Options of avow_retry().
 *
 * A field of 0 or NULL has its default.
 */
typedef struct avow_retry_options_s {
  unsigned attempts; /* largest number of calls of `fn`; 0 for 3 */
  /* Longest delay before the second attempt, in ms. It doubles for each further
     attempt. The default is 100. */
  uint64_t delay;
  uint64_t max_delay;  /* limit of the doubled delay, in ms; 0 for 30,000 */
  uint64_t timeout;    /* limit of the whole retry, in ms; 0 for none */
  avow_again_fn again; /* whether to try again; NULL for always */
  /* Seed of the random delays, for tests. The default is another seed each
     time. */
  uint64_t seed;
  /* Whether to wait for the whole delay. The default is a random part of it. */
  bool exact;
  /* Where the number of the attempt is stored before each call of `fn`: 1, 2,
     and so on. NULL for nowhere. */
  unsigned *attempt;
  avow_delay_fn pause; /* gives each delay; NULL for those of the options */
  /* Handler that is called with the error before each delay. If it returns a
     promise, the retry waits for it. An error ends the retry. NULL for none. */
  avow_cb prepare;
  /* Rate from which each attempt after the first takes a token. If the rate has
     no token, the retry ends. Several retries may share a rate. The rate must
     belong to the loop, else AVOW_EMISUSE. avow adds a reference. NULL for
     none. */
  avow_rate_t *budget;
  uint64_t reserved[4]; /* must be zeros, else UV_EINVAL */
} avow_retry_options_t;

/**
 * Calls `fn` from a job, and again after a delay when it fails.
 *
 * Unless `exact` is set, each delay is a random part of the delay that the
 * options give (full jitter). UV_ECANCELED is never retried. `options` may be
 * NULL. All functions get `data`, which may be freed when the promise has
 * settled.
 *
 * If earlier attempts failed, too, the cause of the error is the LIST of the
 * errors of all attempts, at most the last 16.
 *
 * @settles as the last attempt
 * @rejects with the error of the last attempt
 * @rejects UV_ETIMEDOUT after `timeout`; the attempt is canceled
 * @rejects UV_EINVAL if `fn` is NULL or an option is invalid
 * @rejects AVOW_EMISUSE if `budget` belongs to another loop
 * @cancel  Cancels the attempt that runs and starts no other. The promise
 *          rejects with UV_ECANCELED. If that attempt was the last one allowed
 *          and rejects with another error, the promise rejects with that error.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_retry(
    uv_loop_t *loop, avow_fn fn, void *data,
    const avow_retry_options_t *options);

AVOW_HEADER_END

#endif
