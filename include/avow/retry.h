/*
 * Trying again.
 */
#ifndef AVOW_RETRY_H
#define AVOW_RETRY_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Whether to try again after that error. */
typedef bool (*avow_again_fn)(const avow_value_t *error, void *data);

/** Zero in a field stands for its default. */
typedef struct avow_retry_options_s {
  unsigned attempts;    /* at most so many in all; 3 */
  uint64_t delay;       /* ms at most before the second, twice that before the
                          third, and so on; 100 */
  uint64_t max_delay;   /* but never more than this; 30,000 */
  uint64_t timeout;     /* ms for the whole; none */
  avow_again_fn again;  /* default: always */
  uint64_t seed;        /* of the delays, for tests; another each time */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_retry_options_t;

/**
 * Calls fn from a job, and again each time that fails, after a delay: a random
 * part of what the options say (full jitter). Settles as the last attempt did;
 * a reason that others went before has the LIST of them all (the 16 last) as
 * its cause. Past the timeout: UV_ETIMEDOUT, likewise, the attempt being
 * cancelled. fn and again have data, and it may be freed behind this. options
 * may be NULL. Cancelling stops it for good; UV_ECANCELED is never retried.
 * UV_EINVAL without fn.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_retry(
    uv_loop_t *loop, avow_fn fn, void *data,
    const avow_retry_options_t *options);

AVOW_HEADER_END

#endif
