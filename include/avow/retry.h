/* SPDX-License-Identifier: MIT */
/*
 * Trying again.
 */
#ifndef AVOW_RETRY_H
#define AVOW_RETRY_H

#include "avow/limiter.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Whether to try again after that error. */
typedef bool (*avow_again_fn)(const avow_value_t *error, void *data);

/** How many ms to wait after that error, in place of the delay that it would
    have been. What a server says (Retry-After) is to be found in the error. */
typedef uint64_t (*avow_delay_fn)(const avow_value_t *error, uint64_t delay,
                                  void *data);

/** Zero in a field stands for its default. */
typedef struct avow_retry_options_s {
  unsigned attempts;    /* at most so many in all; 3 */
  uint64_t delay;       /* ms at most before the second, twice that before the
                           third, and so on; 100 */
  uint64_t max_delay;   /* but never more than this; 30,000 */
  uint64_t timeout;     /* ms for the whole; none */
  avow_again_fn again;  /* default: always */
  uint64_t seed;        /* of the delays, for tests; another each time */
  bool exact;           /* delays are these, and not a random part of them */
  unsigned *attempt;    /* set before each call of fn: to 1, 2, and so on */
  avow_delay_fn pause;  /* what each delay is instead */
  avow_cb prepare;      /* called with the error before each delay: what it
                           returns is waited for, and an error ends it all */
  avow_rate_t *budget;  /* of which each further attempt takes a token, or is
                           none: many may share it; of the same loop, else
                           AVOW_EMISUSE; held, not taken */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_retry_options_t;

/**
 * Calls fn from a job, and again each time that fails, after a delay: a random
 * part of what the options say (full jitter). Settles as the last attempt did;
 * a reason that others went before has the LIST of them all (the 16 last) as
 * its cause. Past the timeout: UV_ETIMEDOUT, likewise, the attempt being
 * cancelled. What is called gets data, which may be freed behind this. options
 * may be NULL. Cancelling stops it for good; UV_ECANCELED is never retried. If
 * the last attempt rejects with another error when it is canceled, that is the
 * reason. An earlier attempt that does so is not tried again: UV_ECANCELED.
 * UV_EINVAL without fn.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_retry(
    uv_loop_t *loop, avow_fn fn, void *data,
    const avow_retry_options_t *options);

AVOW_HEADER_END

#endif
