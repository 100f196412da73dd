/* SPDX-License-Identifier: MIT */
/* Delays between retries. */
#ifndef AVOW_BACKOFF_H
#define AVOW_BACKOFF_H

#include <stdint.h>

/* Returns the delay after `failures` failures, at least one: `first`, doubled
   for each further failure and limited to `max_delay`. */
uint64_t avow__backoff(uint64_t first, uint64_t max_delay, unsigned failures);

/* Returns a random number from 0 to `most` and updates the generator's state in
   `*random`. With full jitter, callers that failed together do not retry
   together. */
uint64_t avow__jitter(uint64_t most, uint64_t *random);

#endif
